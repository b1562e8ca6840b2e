/* Byte searches of the wire modules: SSE2 where the compiler has it (each x86-64), plain loops elsewhere.
 *
 *   find_line_end      the first CR or LF
 *   find_not_literal   the first byte that quoted-printable escapes, or a line end
 *   find_8bit          the first byte above 127
 *   count_byte, count_crlf     how often a byte, or CR LF, occurs
 * Each takes [p, end) and gives end when there is none. No unaligned tricks past end: the last bytes go one by one.
 * Source: ours. memchr finds one byte only; two passes over short lines cost more than this one.
 */
#ifndef FASTSMTP_SCAN_H
#define FASTSMTP_SCAN_H

#include <stddef.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline const char *find_line_end(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');

    for (; end - p >= 16; p += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *) p);
        int     hits = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(block, cr), _mm_cmpeq_epi8(block, lf)));

        if (hits)
            return p + __builtin_ctz((unsigned) hits);
    }
#endif
    while (p < end && *p != '\r' && *p != '\n')
        p++;
    return p;
}

/* RFC 2045 6.7, as Postfix does it: literal are TAB and 32 to 126 but for "=". */
static inline int is_literal(unsigned char c)
{
    return (c >= 32 && c < 127 && c != '=') || c == '\t';
}

static inline const char *find_not_literal(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i space = _mm_set1_epi8(32), rubout = _mm_set1_epi8(127);
    const __m128i equals = _mm_set1_epi8('='), tab = _mm_set1_epi8('\t');

    for (; end - p >= 16; p += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *) p);
        /* signed: bytes above 127 are below 32 too */
        __m128i low = _mm_andnot_si128(_mm_cmpeq_epi8(block, tab), _mm_cmplt_epi8(block, space));
        __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(block, equals), _mm_cmpeq_epi8(block, rubout));
        int     hits = _mm_movemask_epi8(_mm_or_si128(low, odd));

        if (hits)
            return p + __builtin_ctz((unsigned) hits);
    }
#endif
    while (p < end && is_literal((unsigned char) *p))
        p++;
    return p;
}

static inline const char *find_8bit(const char *p, const char *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        int hits = _mm_movemask_epi8(_mm_loadu_si128((const __m128i *) p));

        if (hits)
            return p + __builtin_ctz((unsigned) hits);
    }
#endif
    while (p < end && (unsigned char) *p < 128)
        p++;
    return p;
}

static inline ptrdiff_t count_byte(const char *p, const char *end, char wanted)
{
    ptrdiff_t count = 0;

    for (; p < end; p++)        /* compilers make vectors of this one by themselves */
        count += *p == wanted;
    return count;
}

static inline ptrdiff_t count_crlf(const char *p, const char *end)
{
    ptrdiff_t count = 0;

    for (; p < end - 1; p++)
        count += (p[0] == '\r') & (p[1] == '\n');
    return count;
}

#endif
