
/*
 * Copyright (C) convrelay contributors
 *
 * JSON built with cJSON, for what takes the values of a reader.
 */


#include <stdlib.h>

#include <cjson/cJSON.h>

#include "convrelay_json_reader.h"


static convrelay_json_value_t *json_values(cJSON *tree);


/* takes the tree; the values stay until the next call */

static convrelay_json_value_t *
json_values(cJSON *tree)
{
    u_char                         *none;
    static char                    *text;
    static convrelay_json_reader_t  r;

    if (text) {
        convrelay_json_reader_free(&r);
        free(text);
    }

    text = cJSON_PrintUnformatted(tree);
    cJSON_Delete(tree);

    none = NULL;

    if (text == NULL
        || convrelay_json_read(&r, (u_char *) text, strlen(text), &none)
           != CONVRELAY_OK
        || none)
    {
        printf("Bail out! not JSON: %s\n", text ? text : "nothing");
        exit(2);
    }

    return r.values;
}
