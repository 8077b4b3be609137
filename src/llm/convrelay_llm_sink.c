
/*
 * Copyright (C) convrelay contributors
 *
 * The parts of event() that are the same for all APIs.
 */


#include <stdlib.h>

#include "convrelay_llm_parts.h"
#include "convrelay_redact.h"


/*
 * The first one counts: OpenRouter sends it twice, Azure sends chunks with
 * null after it.
 */

void
convrelay_llm_finish(convrelay_llm_stream_t *s, convrelay_llm_finish_e finish,
    const convrelay_str_t *reason)
{
    if (s->finish != CONVRELAY_LLM_FINISH_NONE) {
        return;
    }

    s->finish = finish;

    convrelay_redact(s->reason, sizeof(s->reason), reason->data, reason->len);

    if (finish == CONVRELAY_LLM_FINISH_CONTENT_FILTER) {

        /* a refusal in the model's own words is an answer */

        if (!s->refusal) {
            convrelay_llm_fail(s, "content_filter", "was cut by a filter");
        }

        return;
    }

    if (finish == CONVRELAY_LLM_FINISH_ERROR) {
        convrelay_llm_fail_code(s, reason, "was broken off");
    }
}


void
convrelay_llm_usage(convrelay_llm_stream_t *s, int64_t input, int64_t cached,
    int64_t output)
{
    s->prompt_tokens = (input >= 0) ? input : s->prompt_tokens;
    s->cached_tokens = (cached >= 0) ? cached : s->cached_tokens;
    s->completion_tokens = (output >= 0) ? output : s->completion_tokens;
}


/* without memory there is none; an extra that exceeds the limit is left out */

void
convrelay_llm_extra(convrelay_llm_stream_t *s, const convrelay_str_t *json)
{
    u_char  *p;

    if (json->len == 0 || json->len > convrelay_llm_max_call(s)
        || convrelay_llm_raw_control(json))
    {
        return;
    }

    s->extra.len = 0;

    p = realloc(s->extra.data, json->len);
    if (p == NULL) {
        return;
    }

    memcpy(p, json->data, json->len);

    s->extra.data = p;
    s->extra.len = json->len;
}
