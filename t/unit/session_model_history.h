
/*
 * Copyright (C) convrelay contributors
 *
 * The model's history, and what it holds against that of the session.
 */


static void check_extras(call_t *c);
static void check_cuts(call_t *c);
static cJSON *history(call_t *c);
static int too_much(const call_t *c);
static size_t bytes(const call_t *c, size_t i);
static int drop(call_t *c);
static size_t newest_turn(const call_t *c);


static void
check_same(call_t *c)
{
    u_char  *now;
    size_t   len;

    now = written(&c->s.history, &len);

    if (len != c->before_len || memcmp(now, c->before, len)) {
        bad(c, "the history changed");
    }

    free(now);
}


static void
check_history(call_t *c)
{
    int          assistant;
    cJSON       *root, *item;
    size_t       i, n;
    const char  *text;

    root = history(c);
    n = cJSON_GetArraySize(root);

    if (n != c->nentries || n != c->s.history.nmessages) {
        bad(c, "%zu messages, not %zu", n, c->nentries);
        cJSON_Delete(root);
        return;
    }

    i = 0;

    cJSON_ArrayForEach(item, root) {
        assistant = strcmp(cJSON_GetObjectItem(item, "role")->valuestring,
                           "assistant") == 0;
        text = cJSON_GetObjectItem(item, "content")->valuestring;

        if (assistant != c->entries[i].assistant
            || strlen(text) != c->entries[i].len
            || memcmp(text, c->entries[i].text, c->entries[i].len))
        {
            bad(c, "message %zu of %zu is \"%s\", not \"%.*s\"", i, n, text,
                (int) c->entries[i].len, c->entries[i].text);
        }

        if (assistant && blank((u_char *) text, strlen(text))) {
            bad(c, "an empty assistant message");
        }

        i++;
    }

    cJSON_Delete(root);

    check_extras(c);
    check_cuts(c);
}


/* the LLM is told exactly of the answers that the caller has cut */

static void
check_cuts(call_t *c)
{
    size_t                          i;
    const convrelay_llm_message_t  *m;

    i = 0;

    for (m = c->s.history.first; m; m = m->next) {

        if (m->role == CONVRELAY_LLM_EXTRA) {
            continue;
        }

        if (m->cut != c->entries[i].cut) {
            bad(c, "message %zu is%s cut: \"%.*s\"", i, m->cut ? "" : " not",
                (int) m->len, m->text);
        }

        ncuts += m->cut;
        i++;
    }
}


static void
check_extras(call_t *c)
{
    size_t                          i, n;
    convrelay_llm_call_t            extra;
    const convrelay_llm_message_t  *m;

    i = 0;
    n = 0;

    for (m = c->s.history.first; m; m = m->next) {

        if (m->role != CONVRELAY_LLM_EXTRA) {
            i++;
            continue;
        }

        convrelay_llm_message_call(m, &extra);

        if (i == 0
            || !convrelay_str_is(&extra.extra, c->entries[i - 1].extra)
            || extra.llm != c->entries[i - 1].llm || extra.valid)
        {
            bad(c, "the extra of message %zu is \"%.*s\" of LLM %u", i,
                (int) extra.extra.len, extra.extra.data, extra.llm);
        }

        n++;
    }

    nextras += n;

    for (i = 0; i < c->nentries; i++) {
        n -= (c->entries[i].extra[0] != '\0');
    }

    if (n) {
        bad(c, "another number of extras");
    }
}


/* without extras */

static cJSON *
history(call_t *c)
{
    char                           *json;
    cJSON                          *root, *item, *next;
    size_t                          len;
    u_char                         *now;
    const convrelay_llm_message_t  *m;

    len = 0;

    for (m = c->s.history.first; m; m = m->next) {
        len += m->len;
    }

    if (len != c->s.history.len) {
        bad(c, "%zu bytes of history, not %zu", len, c->s.history.len);
    }

    now = written(&c->s.history, &len);

    json = malloc(len + 2);
    json[0] = '[';
    memcpy(json + 1, now, len);
    json[len + 1] = ']';

    root = cJSON_ParseWithLength(json, len + 2);

    free(json);
    free(now);

    if (root == NULL) {
        bad(c, "the history is not JSON");
        return cJSON_CreateArray();
    }

    for (item = root->child; item; item = next) {
        next = item->next;

        if (strcmp(cJSON_GetObjectItem(item, "role")->valuestring, "extra")
            == 0)
        {
            cJSON_Delete(cJSON_DetachItemViaPointer(root, item));
        }
    }

    return root;
}


/* without reports only the session knows what was heard: some prefix */

static size_t
learn_cut(call_t *c)
{
    long         i;
    cJSON       *root, *item;
    size_t       len;
    const char  *text;

    /* no entry is its own */

    if (blank(c->answer, c->len - c->aside)) {
        return 0;
    }

    root = history(c);
    i = c->current;

    /* the turn that was running had no entry yet */

    if (i == -1) {
        i = cJSON_GetArraySize(root) - 1;

    } else if (cJSON_GetArraySize(root) < (int) c->nentries) {
        i = -1;
    }

    item = (i >= 0) ? cJSON_GetArrayItem(root, i) : NULL;
    len = 0;

    if (item
        && strcmp(cJSON_GetObjectItem(item, "role")->valuestring,
                  "assistant")
           == 0)
    {
        text = cJSON_GetObjectItem(item, "content")->valuestring;
        len = strlen(text);

        if (len > c->len || memcmp(text, c->answer, len) != 0) {
            bad(c, "cut to \"%s\"", text);
            len = 0;
        }
    }

    cJSON_Delete(root);

    return len;
}


static void
remember(call_t *c)
{
    free(c->before);

    c->before = written(&c->s.history, &c->before_len);
}


static void
add(call_t *c, int assistant, const u_char *p, size_t len)
{
    entry_t  *e;

    e = &c->entries[c->nentries++];
    e->assistant = assistant;
    e->len = len;
    e->text = malloc(len + 1);
    e->extra[0] = '\0';
    e->cut = 0;

    memcpy(e->text, p, len);

    if (!assistant) {
        c->rescue = 0;
    }

    while (too_much(c) && drop(c)) { /* void */ }
}


/* if the newest turn leaves room for it; older ones go for it */

static void
add_extra(call_t *c)
{
    size_t    max;
    entry_t  *e;

    if (c->current == -1 || c->extra->len == 0 || c->added) {
        return;
    }

    max = c->conf.max_history_bytes;

    e = &c->entries[c->current];
    e->llm = c->llm;

    memcpy(e->extra, c->extra->data, c->extra->len);
    e->extra[c->extra->len] = '\0';

    if (max && bytes(c, newest_turn(c)) > max) {
        e->extra[0] = '\0';
        return;
    }

    while (max && bytes(c, 0) > max) {
        drop(c);
    }
}


static int
too_much(const call_t *c)
{
    return (c->conf.max_history_messages
            && c->nentries > c->conf.max_history_messages)
           || (c->conf.max_history_bytes
               && bytes(c, 0) > c->conf.max_history_bytes);
}


/* from an entry on */

static size_t
bytes(const call_t *c, size_t i)
{
    size_t                n;
    convrelay_llm_call_t  extra;

    memset(&extra, 0, sizeof(extra));

    for (n = 0; i < c->nentries; i++) {
        n += c->entries[i].len;

        extra.extra.len = strlen(c->entries[i].extra);

        if (extra.extra.len) {
            n += convrelay_llm_message_pack_size(&extra);
        }
    }

    return n;
}


/*
 * The oldest turn goes, whole; of the last one what was said first.  What the
 * caller said last stays, and what was said last.
 */

static int
drop(call_t *c)
{
    size_t  i;

    for (i = 1; i < c->nentries; i++) {

        if (!c->entries[i].assistant) {

            while (i--) {
                del(c, 0);
            }

            return 1;
        }
    }

    i = !c->entries[0].assistant;

    if (c->nentries > i + 1) {
        del(c, i);
        return 1;
    }

    return 0;
}


static void
del(call_t *c, size_t i)
{
    free(c->entries[i].text);

    c->nentries--;
    memmove(&c->entries[i], &c->entries[i + 1],
            (c->nentries - i) * sizeof(entry_t));

    if (c->current == (long) i) {
        c->current = -1;

    } else if (c->current > (long) i) {
        c->current--;
    }
}


/* the newest prompt, or the first entry */

static size_t
newest_turn(const call_t *c)
{
    size_t  i;

    for (i = c->nentries - 1; i && c->entries[i].assistant; i--) { /* void */ }

    return i;
}


static size_t
newest_prompt(const call_t *c)
{
    size_t  i;

    for (i = c->nentries - 1; c->entries[i].assistant; i--) { /* void */ }

    return i;
}


/* the newest prompt, and those right before it */

static void
take_back(call_t *c)
{
    size_t  i;

    i = newest_prompt(c);

    for ( ;; ) {
        del(c, i);

        if (i == 0 || c->entries[i - 1].assistant) {
            break;
        }

        i--;
    }
}


/* true where turns went until half of the bytes were left */

static unsigned
halve(call_t *c)
{
    size_t    i, half;
    unsigned  gone;

    gone = 0;
    half = bytes(c, 0) / 2;

    for ( ;; ) {

        for (i = 1; i < c->nentries; i++) {

            if (!c->entries[i].assistant && c->entries[i - 1].assistant) {
                break;
            }
        }

        if (bytes(c, 0) <= half || i >= c->nentries) {
            return gone;
        }

        while (i--) {
            del(c, 0);
        }

        gone = 1;
    }
}


/* the current answer's words become its entry */

static void
store(call_t *c)
{
    store_heard(c, c->len);
}


static void
store_heard(call_t *c, size_t len)
{
    entry_t  *e;

    if (c->current != -1) {
        c->kept = len;
        e = &c->entries[c->current];

        if (blank(c->answer, len)) {
            del(c, c->current);
            return;
        }

        if (e->len != len || e->cut != c->cut) {
            e->extra[0] = '\0';
        }

        e->cut = c->cut;

        free(e->text);

        e->len = len;
        e->text = malloc(len);

        memcpy(e->text, c->answer, len);

    } else if (!c->stored && !blank(c->answer, len)) {
        c->current = c->nentries;
        c->stored = 1;
        c->kept = len;

        add(c, 1, c->answer, len);

        if (c->current != -1) {
            c->entries[c->current].cut = c->cut;
        }
    }
}
