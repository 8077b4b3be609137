
/*
 * Copyright (C) convrelay contributors
 *
 * The model's account of what LLMs say, and how their turns end.
 */


static void delta_over(call_t *c, convrelay_str_t *text, size_t max);


static void
delta(call_t *c)
{
    char             want[16] = "";
    size_t           max, len;
    u_char           buf[256], *p;
    convrelay_str_t  text;

    c->what = "delta";

    text.len = len = words(buf, 1 + rnd(4));

    if (filler_waits(c) && rnd(8)) {
        return;
    }

    if (text.len == 0 || c->len > MAX_ANSWER / 2) {
        return;
    }

    text.data = p = tap_flush(buf, text.len);

    convrelay_session_delta(&c->s, &text, c->now, list_next(c->out));

    if (!c->running) {
        check_actions(c, "");
        check_same(c);
        tap_unflush(p, len);
        return;
    }

    max = c->conf.max_answer;

    if (max && (c->sent ? c->len : 0) + text.len > max) {
        delta_over(c, &text, max);

    } else {
        useful(c, &text, want);
        check_actions(c, strcat(want, "T"));
        check_text(c, &text);

        check_same(c);
    }

    tap_unflush(p, len);
}


static void
delta_over(call_t *c, convrelay_str_t *text, size_t max)
{
    char  all[16] = "", want[16] = "L";

    text->len = convrelay_utf8_valid(text->data,
                                     max - (c->sent ? c->len : 0));

    if (text->len) {
        useful(c, text, all);
        check_actions(c, strcat(all, "TLC."));
        check_text(c, text);
        cancel(c, want);

    } else {
        cancel(c, want);
        check_actions(c, want);
    }

    check_history(c);
}


/* the first word of the turn's LLM: the other one is not needed */

static void
useful(call_t *c, const convrelay_str_t *text, char *want)
{
    if (blank(text->data, text->len)) {
        return;
    }

    if ((!c->words || !c->useful_at) && !convrelay_has_word(text)) {
        c->useful_at = c->useful_at ? c->now : 0;
        return;
    }

    if (c->hedge) {
        strcat(want, "g");
    }

    c->useful_at = c->now;
    c->words = 1;
    c->hedge_at = 0;
}


static void
hedge_delta(call_t *c)
{
    int               won;
    char              want[16] = "";
    size_t            max;
    u_char            buf[256];
    unsigned          useful;
    convrelay_str_t   text, *all;

    c->what = "delta of the other LLM";

    all = &c->hedged;
    text.len = words(buf, rnd(3));
    text.data = buf;

    if (all->len > 128 || c->len > MAX_ANSWER / 2) {
        return;
    }

    won = convrelay_session_hedge_won(&c->s, text.len ? &text : NULL, c->now,
                                      list_next(c->out));

    useful = 0;

    if (c->running && c->hedge) {

        if (text.len) {
            if (blank(all->data, all->len)) {
                all->len = 0;
            }

            memcpy(all->data + all->len, text.data, text.len);
            all->len += text.len;
        }

        useful = (text.len == 0 || convrelay_has_word(all));
    }

    if ((unsigned) won != useful) {
        bad(c, "LLM %u has %swon", c->hedge, won ? "" : "not ");
        return;
    }

    if (won) {
        nhedged++;
        c->spared = 1;

        hedge_takes(c, 1, want);

    } else {
        max = c->conf.max_answer;

        check_actions(c, c->running && c->hedge && text.len && max
                         && all->len >= max ? "Lg" : "");
    }

    check_same(c);
}


/* with all that it wrote; want: what comes first */

static void
hedge_takes(call_t *c, unsigned useful, char *want)
{
    char             rest[16] = "";
    size_t           max, len;
    unsigned         over;
    convrelay_str_t  text;

    text = c->hedged;

    if (blank(text.data, text.len)) {
        text.len = 0;
    }

    max = c->conf.max_answer;
    len = c->sent ? c->len : 0;
    over = (max && text.len && len + text.len > max);

    if (over) {
        text.len = (len < max) ? convrelay_utf8_valid(text.data, max - len) : 0;
    }

    strcat(want, text.len ? "OT" : "O");

    if (over) {
        strcat(want, (text.len || c->sent) ? "LC." : "LC");
    }

    check_actions(c, want);

    c->useful_at = useful ? c->now : 0;

    if (text.len) {
        c->words |= convrelay_has_word(&text);
        check_text(c, &text);
    }

    if (over) {
        cancel(c, rest);
    }

    check_history(c);
}


static void
hedge_end(call_t *c)
{
    unsigned  missed;

    c->what = "end of the other LLM";

    missed = (rnd(4) == 0);

    if (missed) {
        convrelay_session_hedge_missed(&c->s);

    } else {
        convrelay_session_hedge_end(&c->s, rnd(2) ? CONVRELAY_TURN_FAILED
                                                  : CONVRELAY_TURN_EMPTY,
                                    c->now);
    }

    list_next(c->out);

    if (c->running && c->hedge) {
        c->tried = missed ? c->llm : c->tried;
        c->hedge = 0;
        c->hedge_at = 0;
    }

    check_actions(c, "");
    check_same(c);
}


static void
turn_end(call_t *c)
{
    char                      json[16];
    convrelay_str_t           extra;
    convrelay_turn_outcome_e  how;

    c->what = "turn end";

    how = rnd(3) ? CONVRELAY_TURN_COMPLETE : rnd(6);

    extra.data = (u_char *) json;
    extra.len = rnd(2) ? sprintf(json, "{\"n\":%u}", rnd(1000)) : 0;

    convrelay_session_turn_end(&c->s, how, &extra, c->now, list_next(c->out));

    if (!c->running) {
        check_actions(c, "");
        check_same(c);
        return;
    }

    if (how == CONVRELAY_TURN_TOO_LONG) {

        if (!c->sent && !c->again && halve(c)) {
            c->again = 1;

            check_actions(c, c->hedge ? "gLS" : "LS");
            check_history(c);
            return;
        }

        how = CONVRELAY_TURN_REJECTED;
    }

    c->extra = &extra;
    turn_ended(c, how, "");
    c->extra = NULL;
}


/* before: actions that come first */

static void
turn_ended(call_t *c, convrelay_turn_outcome_e how, const char *before)
{
    char                      all[16];
    size_t                    len;
    uint64_t                  from;
    const char               *want;
    unsigned                  well;
    const convrelay_str_t    *joint;

    well = c->sent && (how == CONVRELAY_TURN_COMPLETE
                       || how == CONVRELAY_TURN_TRUNCATED);

    strcpy(all, before);

    if (!well && !c->words && c->hedge) {
        hedge_takes(c, 0, all);
        return;
    }

    if (!well && !c->words
        && (c->tried < c->conf.nfallbacks || c->spared))
    {
        if (c->tried < c->conf.nfallbacks) {
            c->llm = ++c->tried;

        } else {
            c->llm = 0;
            c->spared = 0;
        }

        c->same = 1;
        nfallen++;

        check_actions(c, strcat(all, "S"));
        check_history(c);

        c->same = 0;
        return;
    }

    c->running = 0;
    c->repeat_until = 0;

    if (c->hedge) {
        strcat(all, "g");
    }

    if (c->sent) {
        store(c);
    }

    if (well && c->extra) {
        add_extra(c);
    }

    if (how == CONVRELAY_TURN_REJECTED) {
        take_back(c);
    }

    if (well) {
        want = ".";

    } else if (!c->rescue && on(c, CONVRELAY_TRIGGER_LLM_FAILED)) {
        want = c->sent ? ".V" : "V";

    } else if (c->conf.error_message.len) {
        want = "E.";

        for (len = c->len; len && c->answer[len - 1] <= ' '; len--) {
            /* void */
        }

        if (c->sent && len
            && (c->answer[c->len - 1] > ' '
                || strchr(".,:!", c->answer[len - 1]) == NULL))
        {
            want = "TE.";

            joint = &c->out->actions[strlen(all)].text;

            if (joint->len != (strchr(".,:!", c->answer[len - 1]) ? 1 : 2)
                || joint->data[joint->len - 1] != ' ')
            {
                bad(c, "the error message sticks to the answer");
            }
        }

        if (!c->sent) {
            new_answer(c, c->now);
            c->cuttable = 0;

        } else {
            from = filler_next(c, c->now);
            c->until = (c->until < from) ? from : c->until;
        }

        c->phrase = 1;
        c->unheard = 1;
        c->until += c->conf.error_message.len * CHAR_TIME;

    } else {
        want = c->sent ? "." : "";
    }

    check_actions(c, strcat(all, want));
    check_history(c);
}
