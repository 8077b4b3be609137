
/*
 * Copyright (C) convrelay contributors
 */


#include <stdlib.h>

#include "convrelay_keys.h"


convrelay_key_e
convrelay_keys_press(convrelay_keys_t *k, const convrelay_keys_conf_t *conf,
    u_char key, uint64_t now)
{
    unsigned  late, last;

    last = (key == conf->terminator);
    late = 0;

    if (k->data) {
        late = (last && now < k->data->terminator_until);
        k->data->terminator_until = 0;
    }

    if (conf->max == 0 || k->state == CONVRELAY_KEYS_COMPLETE || late
        || k->n == CONVRELAY_KEYS_MAX)
    {
        return CONVRELAY_KEY_IGNORED;
    }

    if (k->data == NULL) {
        k->data = calloc(1, sizeof(convrelay_keys_data_t));
        if (k->data == NULL) {
            return CONVRELAY_KEY_ERROR;
        }
    }

    if (k->prompt_is_newer && k->state == CONVRELAY_KEYS_OPEN) {

        /* an entry that is open to more keys has room */

        k->data->keys[k->n] = key;
        k->has_next = 1;

    } else {
        k->prompt_is_newer = 0;

        /* a lone terminator is an entry as well */

        if (!last || k->n == 0) {
            k->data->keys[k->n++] = key;
        }

        if (!last && (k->n >= conf->max || k->n == CONVRELAY_KEYS_MAX)) {
            k->data->terminator_until = now + conf->pause;
            last = 1;
        }
    }

    k->state = last ? CONVRELAY_KEYS_COMPLETE : CONVRELAY_KEYS_OPEN;

    return last ? CONVRELAY_KEY_LAST : CONVRELAY_KEY_TAKEN;
}


unsigned
convrelay_keys_prompt(convrelay_keys_t *k)
{
    if (k->state == CONVRELAY_KEYS_NONE) {
        return 0;
    }

    k->prompt_is_newer = 1;

    return k->state == CONVRELAY_KEYS_OPEN;
}


void
convrelay_keys_report(convrelay_keys_t *k)
{
    k->state = CONVRELAY_KEYS_NONE;
}


void
convrelay_keys_done(convrelay_keys_t *k, unsigned go_on)
{
    u_char  next;

    next = k->has_next ? k->data->keys[k->n] : '\0';

    if (k->data) {
        memset(k->data->keys, 0, CONVRELAY_KEYS_MAX);
    }

    k->n = 0;

    if (k->has_next && go_on) {
        k->data->keys[k->n++] = next;
        k->prompt_is_newer = 0;
    }

    k->has_next = 0;
}


void
convrelay_keys_free(convrelay_keys_t *k)
{
    convrelay_keys_done(k, 0);

    free(k->data);

    memset(k, 0, sizeof(convrelay_keys_t));
}
