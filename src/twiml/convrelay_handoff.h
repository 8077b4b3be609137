
/*
 * Copyright (C) convrelay contributors
 *
 * HandoffData: the data that the "end" of a session passes to the request that
 * Twilio makes afterwards.  It may be any text, and is usually a JSON object.
 */


#ifndef CONVRELAY_HANDOFF_H_INCLUDED
#define CONVRELAY_HANDOFF_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_json_reader.h"


typedef struct {
    u_char                        *copy;
    const convrelay_json_value_t  *name;      /* the one before the next */
    convrelay_json_reader_t        json;
} convrelay_handoff_t;


/*
 * Parses the text, which may be changed and must stay until close().  Returns
 * CONVRELAY_OK; CONVRELAY_DECLINED if it is not a JSON object; CONVRELAY_ERROR:
 * out of memory.  convrelay_handoff_close() is needed only after CONVRELAY_OK.
 */
int convrelay_handoff_open(convrelay_handoff_t *h, u_char *data, size_t len);
void convrelay_handoff_close(convrelay_handoff_t *h);

/*
 * The next member that is a string, or a number, true or false as they are
 * written there; others are skipped.  Name and value are borrowed until
 * close().  Returns CONVRELAY_OK or CONVRELAY_DONE.
 */
int convrelay_handoff_next(convrelay_handoff_t *h, convrelay_pair_t *pair);

/*
 * The attributes of a task, which must be a JSON object: the data as it is if
 * json is set, otherwise {"handoffData":"..."}.
 */
size_t convrelay_handoff_task_size(const convrelay_str_t *data,
    unsigned json);
u_char *convrelay_handoff_task_write(u_char *p, const convrelay_str_t *data,
    unsigned json);


#endif /* CONVRELAY_HANDOFF_H_INCLUDED */
