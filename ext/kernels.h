/* Inner loops of the wire modules: 16 bytes a step with SSE2 (every x86-64 has it), one by one elsewhere.
 *
 *   find_line_end      the first CR or LF
 *   copy_to_line_end   the same, copying what stands before it
 *   find_8bit          the first byte above 127
 *   names_8bit         may the text hold the word "8bit" or "binary"?
 *   count_bare_lf      line ends that lack their CR
 *   ask_for_huge_pages fresh memory in fewer faults, where the system has such pages
 *   quote              text to quoted-printable, as far as one output line goes
 * Each takes [p, end) and reads nothing outside. Writers may spill SPILL bytes behind what they report: their
 * callers leave that much room. Scalar tails do what the vectors do; the tests run every length across both.
 * Source: ours. Most lines are shorter than 80 bytes: a memchr and a memcpy for each cost more than one of these.
 */
#ifndef FASTSMTP_KERNELS_H
#define FASTSMTP_KERNELS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SPILL 16

#ifdef __SSE2__
#define LOAD(p) _mm_loadu_si128((const __m128i *) (p))
#define STORE(p, block) _mm_storeu_si128((__m128i *) (p), block)
#define EQUAL(block, byte) _mm_cmpeq_epi8(block, _mm_set1_epi8(byte))
#define FIRST(hits) __builtin_ctz((unsigned) (hits))

static inline int line_end_hits(__m128i block)
{
    return _mm_movemask_epi8(_mm_or_si128(EQUAL(block, '\r'), EQUAL(block, '\n')));
}
#endif

static inline const char *find_line_end(const char *p, const char *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        int hits = line_end_hits(LOAD(p));

        if (hits)
            return p + FIRST(hits);
    }
#endif
    while (p < end && *p != '\r' && *p != '\n')
        p++;
    return p;
}

/* Gives how many bytes were copied. */
static inline ptrdiff_t copy_to_line_end(char *to, const char *p, const char *end)
{
    const char *start = p;

#ifdef __SSE2__
    for (; end - p >= 16; p += 16, to += 16) {
        __m128i block = LOAD(p);
        int     hits = line_end_hits(block);

        STORE(to, block);
        if (hits)
            return p + FIRST(hits) - start;
    }
#endif
    while (p < end && *p != '\r' && *p != '\n')
        *to++ = *p++;
    return p - start;
}

#define HUGE_PAGE ((uintptr_t) 2 << 20)

/* Advice: it may be refused, and nothing depends on it. */
static inline void ask_for_huge_pages(char *start, char *stop)
{
#ifdef MADV_HUGEPAGE
    uintptr_t first = ((uintptr_t) start + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);

    if (first < (uintptr_t) stop)
        (void) madvise((void *) first, (uintptr_t) stop - first, MADV_HUGEPAGE);
#else
    (void) start, (void) stop;
#endif
}

static inline const char *find_8bit(const char *p, const char *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        int hits = _mm_movemask_epi8(LOAD(p));

        if (hits)
            return p + FIRST(hits);
    }
#endif
    while (p < end && (unsigned char) *p < 128)
        p++;
    return p;
}

/* Letters of either case. Both words have "bi" in them: vectors look for that, and what stands around it decides. */
static inline int is_word(const char *p, const char *end, const char *word)
{
    for (; *word && p < end && (*p | 32) == *word; p++)
        word++;
    return !*word;
}

static inline int names_8bit(const char *p, const char *end)
{
    const char *start = p;

#ifdef __SSE2__
    const __m128i small = _mm_set1_epi8(32);

    for (; end - p >= 17; p += 16) {
        __m128i first = EQUAL(_mm_or_si128(LOAD(p), small), 'b');
        __m128i second = EQUAL(_mm_or_si128(LOAD(p + 1), small), 'i');
        int     hits = _mm_movemask_epi8(_mm_and_si128(first, second));

        for (; hits; hits &= hits - 1) {
            const char *at = p + FIRST(hits);

            if (is_word(at, end, "binary") || (at > start && at[-1] == '8' && is_word(at, end, "bit")))
                return 1;
        }
    }
#endif
    for (; p < end; p++)
        if (is_word(p, end, "binary") || (p > start && p[-1] == '8' && is_word(p, end, "bit")))
            return 1;
    return 0;
}

static inline ptrdiff_t count_bare_lf(const char *p, const char *end)
{
    ptrdiff_t count = 0;
    char    before = 0;

#ifdef __SSE2__
    if (p < end) {
        before = *p++;
        count = before == '\n';
    }
    while (end - p >= 16) {
        __m128i sum = _mm_setzero_si128();
        int     steps;

        for (steps = 0; steps < 255 && end - p >= 16; steps++, p += 16)
            sum = _mm_sub_epi8(sum, _mm_andnot_si128(EQUAL(LOAD(p - 1), '\r'), EQUAL(LOAD(p), '\n')));
        sum = _mm_sad_epu8(sum, _mm_setzero_si128());
        count += _mm_cvtsi128_si32(sum) + _mm_cvtsi128_si32(_mm_srli_si128(sum, 8));
        before = p[-1];
    }
#endif
    for (; p < end; before = *p++)
        count += *p == '\n' && before != '\r';
    return count;
}

/* What a byte becomes (RFC 2045 6.7, as Postfix does it): itself, "=XX", or for CR and LF an end (size 0). */
struct quoted {
    char    text[256][4];
    unsigned char size[256];
};

static inline void fill_quoted(struct quoted *table)
{
    static const char digits[] = "0123456789ABCDEF";
    int     c;

    memset(table, 0, sizeof(*table));
    for (c = 0; c < 256; c++) {
        if ((c >= 32 && c < 127 && c != '=') || c == '\t') {
            table->text[c][0] = (char) c;
            table->size[c] = 1;
        } else {
            table->text[c][0] = '=';
            table->text[c][1] = digits[c >> 4];
            table->text[c][2] = digits[c & 15];
            table->size[c] = c == '\r' || c == '\n' ? 0 : 3;
        }
    }
}

/* Adds to `line`, which holds `length` bytes, until it holds `full` or more, or a line end or `end` is met; gives
 * the new length and moves `*at`. */
static inline ptrdiff_t quote(const struct quoted *table, char *line, ptrdiff_t length, ptrdiff_t full,
                              const char **at, const char *end)
{
    const char *p = *at;

    while (p < end && length < full) {
        unsigned char c;
        int     size;

#ifdef __SSE2__
        if (end - p >= 16) {
            __m128i block = LOAD(p);
            /* signed: bytes above 127 are below 32 too */
            __m128i low = _mm_andnot_si128(EQUAL(block, '\t'), _mm_cmplt_epi8(block, _mm_set1_epi8(32)));
            __m128i odd = _mm_or_si128(EQUAL(block, '='), EQUAL(block, 127));
            int     hits = _mm_movemask_epi8(_mm_or_si128(low, odd));
            ptrdiff_t run = hits ? FIRST(hits) : 16;

            if (run > full - length)
                run = full - length;
            STORE(line + length, block);
            length += run;
            p += run;
            if (!hits)
                continue;
        }
#endif
        for (; p < end && length < full; p++) {
            c = (unsigned char) *p;
            size = table->size[c];
            if (size == 0)
                goto done;
            memcpy(line + length, table->text[c], 4);
            length += size;
            if (size == 1 && end - p > 16) {
                p++;
                break;
            }
        }
    }
done:
    *at = p;
    return length;
}

#endif
