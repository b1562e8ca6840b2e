# Types for request.py, which is compiled with them.

cdef class Request:
    cdef public:
        object destination
        list recipients
        str queue_id
        str sender
        double active_at
        double handed_at
        double ready_at
        int sites
        int site
        list hosts
        int host_index
        int addresses_tried
        int sessions_tried
        bint transacted
        bint ahead
        bint fresh
        bint renewed
        bint softly_failed
        int spared
        int postponed
        str failure_dsn
        str failure_text
        str failure_relay
        str failure_tls
        bint excused
        str clear
