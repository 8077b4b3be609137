
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_json.h"
#include "convrelay_llm_message.h"
#include "convrelay_utf8.h"


/* the lengths of a call's parts, stored before them; extra is the rest */

typedef struct {
    uint32_t  id;
    uint32_t  name;
    uint32_t  arguments;
    unsigned  llm:31;
    unsigned  valid:1;
} convrelay_llm_pack_t;


void
convrelay_llm_message_set(convrelay_llm_message_t *m, size_t len)
{
    m->len = len;

    /* an escape is longer than its character, but invalid UTF-8 can be repaired
       without a change of length */

    m->plain = (convrelay_json_escaped_len(m->text, len) == len
                && convrelay_utf8_valid(m->text, len) == len);
}


size_t
convrelay_llm_message_pack_size(const convrelay_llm_call_t *call)
{
    return sizeof(convrelay_llm_pack_t) + call->id.len + call->name.len
           + call->arguments.len + call->extra.len;
}


void
convrelay_llm_message_pack(u_char *p, const convrelay_llm_call_t *call)
{
    convrelay_llm_pack_t  pack;

    pack.id = call->id.len;
    pack.name = call->name.len;
    pack.arguments = call->arguments.len;
    pack.llm = call->llm;
    pack.valid = call->valid;

    memcpy(p, &pack, sizeof(pack));

    p = convrelay_str_copy(p + sizeof(pack), &call->id);
    p = convrelay_str_copy(p, &call->name);
    p = convrelay_str_copy(p, &call->arguments);

    (void) convrelay_str_copy(p, &call->extra);
}


void
convrelay_llm_message_call(const convrelay_llm_message_t *m,
    convrelay_llm_call_t *call)
{
    u_char                *p;
    convrelay_llm_pack_t   pack;

    p = (u_char *) m->text;

    memcpy(&pack, p, sizeof(pack));

    call->id.data = p + sizeof(pack);
    call->id.len = pack.id;

    call->name.data = call->id.data + pack.id;
    call->name.len = pack.name;

    call->arguments.data = call->name.data + pack.name;
    call->arguments.len = pack.arguments;

    call->extra.data = call->arguments.data + pack.arguments;
    call->extra.len = p + m->len - call->extra.data;

    call->llm = pack.llm;
    call->valid = pack.valid;
}
