
/*
 * Copyright (C) convrelay contributors
 */


#include <errno.h>
#include <sys/stat.h>

#include "convrelay_caller_plays.h"
#include "convrelay_caller_print.h"
#include "convrelay_caller_record.h"


#define CONVRELAY_CALLER_MAX_FILE  (64 * 1024 * 1024)


static int convrelay_caller_plays_read(convrelay_caller_buf_t *b,
    const char *file);
static int convrelay_caller_plays_stream(convrelay_caller_buf_t *b,
    const char *file, FILE *in);
static int convrelay_caller_plays_error(convrelay_caller_scenario_t *s);
static const char *convrelay_caller_plays_variable(void *data,
    const char *name);


int
convrelay_caller_plays_file(convrelay_caller_plays_t *plays, const char *file)
{
    int                           rc;
    convrelay_caller_buf_t        b;
    convrelay_caller_scenario_t  *s;

    if (convrelay_caller_plays_read(&b, file) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    s = convrelay_caller_plays_add(plays);
    s->name = convrelay_caller_strdup(file);

    rc = convrelay_caller_scenario_parse(s, b.data, b.len);

    if (rc == CONVRELAY_OK && s->n == 0) {
        snprintf(s->error, sizeof(s->error), "has no step");
        rc = CONVRELAY_ERROR;
    }

    convrelay_caller_buf_free(&b);

    return (rc == CONVRELAY_OK) ? rc : convrelay_caller_plays_error(s);
}


int
convrelay_caller_plays_recording(convrelay_caller_plays_t *plays,
    const char *file, unsigned fast, unsigned compare)
{
    int                           rc;
    convrelay_caller_buf_t        b;
    convrelay_caller_scenario_t  *s;

    if (convrelay_caller_plays_read(&b, file) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    s = convrelay_caller_plays_add(plays);
    s->name = convrelay_caller_strdup(file);

    rc = convrelay_caller_replay(s, b.data, b.len, fast, compare);

    convrelay_caller_buf_free(&b);

    return (rc == CONVRELAY_OK) ? rc : convrelay_caller_plays_error(s);
}


int
convrelay_caller_plays_say(convrelay_caller_plays_t *plays, const char *text)
{
    convrelay_caller_step_t      *step;
    convrelay_caller_scenario_t  *s;

    if (text[strspn(text, " \t\r\n")] == '\0') {
        convrelay_caller_print_error("--say has no text");
        return CONVRELAY_ERROR;
    }

    s = plays->n ? &plays->elts[plays->n - 1]
                 : convrelay_caller_plays_add(plays);

    step = convrelay_caller_scenario_add(s);
    step->type = CONVRELAY_CALLER_SAY;
    step->text = convrelay_caller_strdup(text);
    step->source = convrelay_caller_strdup(text);

    return CONVRELAY_OK;
}


convrelay_caller_scenario_t *
convrelay_caller_plays_add(convrelay_caller_plays_t *plays)
{
    convrelay_caller_scenario_t  *s;

    plays->elts = convrelay_caller_realloc(plays->elts,
                         (plays->n + 1) * sizeof(convrelay_caller_scenario_t));
    s = &plays->elts[plays->n++];
    memset(s, 0, sizeof(convrelay_caller_scenario_t));

    return s;
}


static int
convrelay_caller_plays_read(convrelay_caller_buf_t *b, const char *file)
{
    int    rc;
    FILE  *in;

    memset(b, 0, sizeof(convrelay_caller_buf_t));
    convrelay_caller_buf_reset(b);

    if (strcmp(file, "-") == 0) {
        return convrelay_caller_plays_stream(b, file, stdin);
    }

    in = fopen(file, "r");

    if (in == NULL) {
        convrelay_caller_print_error("%s: %s", file, strerror(errno));
        convrelay_caller_buf_free(b);
        return CONVRELAY_ERROR;
    }

    rc = convrelay_caller_plays_stream(b, file, in);
    fclose(in);

    return rc;
}


static int
convrelay_caller_plays_stream(convrelay_caller_buf_t *b, const char *file,
    FILE *in)
{
    char         piece[4096];
    size_t       n;
    const char  *error;
    struct stat  st;

    error = NULL;

    if (fstat(fileno(in), &st) == 0 && S_ISDIR(st.st_mode)) {
        error = "is a directory";
    }

    while (error == NULL) {
        n = fread(piece, 1, sizeof(piece), in);

        if (n == 0) {
            error = ferror(in) ? strerror(errno) : NULL;
            break;
        }

        convrelay_caller_buf_add(b, piece, n);

        if (b->len > CONVRELAY_CALLER_MAX_FILE) {
            error = "is larger than 64 MB";
        }
    }

    if (error) {
        convrelay_caller_print_error("%s: %s", file, error);
        convrelay_caller_buf_free(b);
        return CONVRELAY_ERROR;
    }

    return CONVRELAY_OK;
}


int
convrelay_caller_plays_check(convrelay_caller_plays_t *plays,
    const convrelay_caller_pairs_t *variables)
{
    size_t  i;

    for (i = 0; i < plays->n; i++) {

        if (convrelay_caller_scenario_check(&plays->elts[i],
                                            convrelay_caller_plays_variable,
                                            (void *) variables)
            != CONVRELAY_OK)
        {
            return convrelay_caller_plays_error(&plays->elts[i]);
        }
    }

    return CONVRELAY_OK;
}


static int
convrelay_caller_plays_error(convrelay_caller_scenario_t *s)
{
    convrelay_caller_print_error("%s%s%s", s->name ? s->name : "",
                                 s->name ? ": " : "", s->error);

    return CONVRELAY_ERROR;
}


static const char *
convrelay_caller_plays_variable(void *data, const char *name)
{
    const char  *value;

    value = convrelay_caller_pairs_get(data, name);

    return value ? value : getenv(name);
}


void
convrelay_caller_plays_free(convrelay_caller_plays_t *plays)
{
    size_t  i;

    for (i = 0; i < plays->n; i++) {
        convrelay_caller_scenario_free(&plays->elts[i]);
    }

    free(plays->elts);
    memset(plays, 0, sizeof(convrelay_caller_plays_t));
}
