
/*
 * Copyright (C) convrelay contributors
 *
 * Phone calls as scripts.  A line at the margin is an event, the indented
 * lines under it are the actions it has to lead to; the whole is run and
 * compared as text.  Events:
 *
 *   setup "CA1"            prompt "what was said"    partial "what was sa"
 *   interrupt "heard"      interrupt 500 "heard"     played "a piece"
 *   speaking "on"          dtmf "1"                  error 64107
 *   unknown "type"         delta "a piece"           wait 1000
 *   end complete|empty|truncated|failed|rejected|too-long|filtered
 *
 *   greeting "text"        (setup with it)    clock
 *   done                   declined "message to the model, or empty"
 *   say "text"             play "url"         tones "12"
 *   language "es-ES"       hangup "hand-off"  over
 *   client "on"            (clientSpeaking)   hold 5000
 *   ask "text"
 *
 *   context                (it came, or will not)
 *   part ""                (of a call that the LLM writes)
 *   excused                (the failure that ends the turn next)
 *   hedge "a piece"        (of the second LLM, "": a part of a call)
 *   hedgeends "failed" or "empty"
 *   hedgedone              (its answer is complete)
 *   hedgemissed            (it could not be asked)
 *   extra "{}"             (opaque JSON of the answer that ends next)
 *   calls "c1 look {}; c2 book {"a":1}"       (an answer is complete)
 *   toolok 1 "result"      toolbad 1 "result" (of the first TOOL)
 *   toolfails "why"        skip ""            (while its actions are done)
 *   nostart                (no location can be asked from here on)
 *
 *   gone                   (the socket is lost)
 *   lost 1500 "CA1"        (the state is kept; so much later, a new session has
 *                          this setup)
 *   restored               (with that state)      none     (without it)
 *   awaited                (the same, and it may be AGAIN)
 *
 * and "history", "cuts" (its messages that were cut), "transcript" (if the call
 * is over), "live" (if it goes on), "stats", "fillers", "activity", "wenton",
 * "deadline", "lang", "resumed", "keys" (how often calls of tools succeeded),
 * "state" and "changed" (since the last time), which show its state.  Every
 * script runs once more for each of its memory allocations, which fails.
 */


#include "tap.h"
#include "json_values.h"
#include "written.h"
#include "session_heap.h"
#include "session_actions.h"
#include "convrelay_session_tools.h"
#include "convrelay_state.h"


#define DEFAULT   0
#define SILENT    1     /* no error message */
#define SHORT     2     /* answers of 10 bytes */
#define TRIMMED   3     /* two messages of history */
#define EVENTS    4     /* actions for all events, keys by terminator */
#define MENU      5     /* keys, one at a time, and no actions */
#define FALLIBLE  6     /* actions for Twilio's errors only */
#define TIMED     7     /* limits of time and of turns */
#define TIMED_ON  8     /* the same, and actions for all events */
#define TOOLS     9     /* see tools[] */
#define TOOLS_ON  10    /* the same, and actions for prompts and keys */
#define MANNERS   11    /* stages of silence, times of the call, interrupts */
#define PRESENT   12    /* prompts that ask whether anybody is there */
#define PATIENT   13    /* time-outs of the LLM, with tools */
#define TOOLS_KEYS  14  /* as TOOLS, and actions for entries of keys */
#define BACKED    15    /* as PATIENT, and two fallbacks */
#define BACKED_ON 16    /* the same, and actions for some events */
#define TOOLS_FEW   17  /* three messages of history */
#define TOOLS_ONCE  18  /* all of tools[] */
#define WAITING   19    /* fillers, tools, stages of silence */
#define ALONE     20    /* a single filler */
#define HEDGED    21    /* as BACKED, the first one in parallel */
#define EVENTFUL  22    /* actions for what goes wrong with an LLM */
#define INFORMED  23    /* a context, and actions for setup */
#define KEPT      24    /* a store, tools, fillers, times of the call */
#define KEPT_ON   25    /* the same, and actions for some events */
#define KEPT_INFORMED  26       /* a store and a context */
#define SPOKEN    27    /* the filter, tools, time-outs */
#define SPOKEN_SHORT  28    /* the filter, answers of 20 bytes */
#define SPOKEN_ON 29    /* the filter, and actions for all events */
#define RESPELLED 30    /* words of words[], the filter, tools */
#define RESPELLED_SHORT  31     /* the same words, answers of 20 bytes */
#define RESPELLED_ON  32        /* and actions for all events */
#define RESPELLED_KEPT  33      /* and a store, and fillers */
#define PAUSED    34    /* interruptions that may be none, with a phrase */
#define PAUSED_ON 35    /* the same, a store, and actions for most events */
#define PAUSED_BACKED  36       /* fallbacks, in parallel, and fillers */
#define HEDGED_SPOKEN  37       /* as HEDGED, with the filter, no tools */
#define MARKED    38    /* " [cut short]", tools, a store, keys */
#define MARKED_SPOKEN  39       /* the same text, the filter */
#define MARKED_PAUSED  40       /* the same text, pauses, answers of 60 bytes, a
                                   store */
#define PAUSED_RULE  41 /* pauses, a store, tools, actions for interruptions
                           and silence */
#define ASKING    42    /* questions outside an answer: asking[] and the error
                           message; tools, presence */
#define HEDGED_SHORT  43        /* as HEDGED_SPOKEN, answers of 20 bytes */
#define MAX_RUNS  16


/* results that a call is given while it runs, and where it was cancelled */
#define RUNNING  "{\"status\":\"still running\",\"note\":\"It is not "      \
                 "done yet. Do not call it again and do not make up "         \
                 "a result.\"}"
#define CANCELLED  "{\"ok\":false,\"error\":\"NOT done: cancelled by "     \
                   "the caller before it finished\"}"


/* every interrupt would be one */
#define ALL_BUT_INTERRUPT                                                    \
    (~0u & ~convrelay_trigger_bit(CONVRELAY_TRIGGER_INTERRUPT))


typedef struct {
    const char                *name;
    unsigned                   conf;
    const char                *script;
} call_t;


typedef struct {
    convrelay_session_t        s;
    list_t                     list;
    uint64_t                   now;
    unsigned                   search:1;  /* memory failed an interrupt */
    unsigned                   closed:1;  /* by an action */
    unsigned                   logged:1;  /* why it is closed next */
    unsigned                   wrong:1;   /* what no event may lead to */
    unsigned                   conf;
    unsigned                   nsessions;
    uint32_t                   version;   /* at the last "changed" */
    unsigned                   nruns;
    convrelay_tool_run_t      *runs[MAX_RUNS];
    u_char                    *state;     /* of the session before, or NULL */
    size_t                     state_len;
    char                       extra[32];
    size_t                     len;
    char                       out[8192];
} run_t;


static void run_scripts(const call_t *calls, size_t n);
static void test_call(const call_t *call);
static void test_call_without_memory(const call_t *call);
static void run_call(run_t *r, const call_t *call);
static void run_line(run_t *r, const char *line, size_t len);
static int run_action(run_t *r, const char *name, convrelay_str_t *text,
    convrelay_actions_t *out);
static int trigger_over(const run_t *r);
static int counted(const convrelay_history_t *h);
static void run_calls(run_t *r, convrelay_str_t *text,
    convrelay_actions_t *out);
static convrelay_str_t run_extra(run_t *r);
static void run_tool(run_t *r, const char *word, unsigned ok,
    convrelay_str_t *text, convrelay_actions_t *out);
static unsigned find_run(const run_t *r, const convrelay_tool_run_t *run);
static cJSON *greeting_json(const convrelay_str_t *text);
static void run_message(run_t *r, convrelay_relay_message_t *m,
    convrelay_actions_t *out);
static void run_setup(run_t *r, convrelay_relay_message_t *m,
    const convrelay_str_t *call_sid, convrelay_actions_t *out);
static void run_lost(run_t *r);
static void run_restored(run_t *r, unsigned wait, convrelay_actions_t *out);
static void state_conf(run_t *r, convrelay_state_conf_t *conf);
static void show_keys(run_t *r);
static void show_state(run_t *r);
static int get_text(const char *line, size_t len, convrelay_str_t *text);
static void show_actions(run_t *r);
static void show_deadline(run_t *r);
static void show_history(run_t *r);
static void show_cuts(run_t *r);
static void show_transcript(run_t *r, unsigned over);
static void show_line(run_t *r, const char *role, const u_char *text,
    size_t len);
static void show(run_t *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


static const convrelay_session_tool_t  tools[] = {
    { convrelay_string("look"), .uri = 1, .cancel = 1 },
    { convrelay_string("book"), .uri = 1 },
    { convrelay_string("pay"), .uri = 1, .once = 1 },
    { convrelay_string("bye"), .actions = 1 },
    { convrelay_string("both"), .uri = 1, .actions = 1 },
    { convrelay_string("leave"), .actions = 1, .once = 1 },
    { convrelay_string("move"), .uri = 1, .actions = 1, .once = 1 },
    { convrelay_string("find"), .uri = 1, .filler = 1 },
    { convrelay_string("hush"), .uri = 1, .mute = 1 }
};


static const convrelay_str_t  tool_names[] = {
    convrelay_string("book"), convrelay_string("both"),
    convrelay_string("bye"), convrelay_string("look"),
    convrelay_string("pay")
};


static const convrelay_str_t  all_tool_names[] = {
    convrelay_string("book"), convrelay_string("both"),
    convrelay_string("bye"), convrelay_string("find"),
    convrelay_string("hush"), convrelay_string("look"),
    convrelay_string("pay")
};


static const convrelay_str_t  tool_keys[] = { convrelay_string("day") };


static const uint64_t  stages[] = { 10000, 5000, 20000 };

/* the second one is empty, the last one that of "find" */
static const char  *phrases[] = {
    "One moment.", "", "I am still looking, it will not take long.",
    "Let me look."
};

static const char  *asking[] = {
    "Do you have a minute?", "", "I am looking. Is that all right?",
    "May I look for it?"
};

static const convrelay_session_filler_conf_t  filler = {
    .time = 1000, .again = 5000, .max = 3, .nphrases = 3
};

static const convrelay_session_filler_conf_t  sole = {
    .time = 1000, .again = 5000, .max = 3, .nphrases = 1
};

static const convrelay_session_time_t  times[] = {
    { 60000, convrelay_string("1m") },
    { 90000, convrelay_string("90s") }
};


static const convrelay_session_time_t  short_times[] = {
    { 1000, convrelay_string("1s") }
};


static const convrelay_str_t  backchannels[] = {
    convrelay_string("uh-huh"), convrelay_string("ok"),
    convrelay_string("\xc3\xa4h\xc3\xa4")
};


static convrelay_breaker_t  breakers[3];

static convrelay_breaker_t  *breaker[] = {
    &breakers[0], &breakers[1], &breakers[2]
};

static const convrelay_session_llm_t  fallbacks[] = {
    { .first_token_timeout = 6000, .token_timeout = 7000, .cooldown = 30000,
      .breaker = &breaker[1] },
    { .first_token_timeout = 8000, .cooldown = 30000, .breaker = &breaker[2] }
};


/* in the order of their keys, so that they are sorted */

#define word(text, how)                                                      \
    { .word = convrelay_string(text), .key = convrelay_string(text),         \
      .spoken = convrelay_string(how) }

static convrelay_lexicon_word_t  words[] = {
    word("acme", "ack me"), word("acme corp", "ack me corporation"),
    word("moment", "mow ment"), word("nginx", "engine x"),
    word("sorry", "so sorry")
};

static convrelay_lexicon_t  lexicon = {
    words, sizeof(words) / sizeof(words[0]), { 0 }
};


#define MARKER                                                               \
      .marker = convrelay_string(" [cut short]"),                             \
      .spoken_marker = convrelay_string("[cut short]")


static const convrelay_session_conf_t  confs[] = {
    { .error_message = convrelay_string("Sorry.") },
    { .max_answer = 0 },
    { .error_message = convrelay_string("Sorry."), .max_answer = 10 },
    { .error_message = convrelay_string("Sorry."),
      .max_history_messages = 2 },
    { .error_message = convrelay_string("Sorry."), .max_answer = 40,
      .triggers = ALL_BUT_INTERRUPT, .greeting = 1, .keys.max = 4,
      .keys.terminator = '#', .keys.pause = 3000, .end_timeout = 10000 },
    { .error_message = convrelay_string("Sorry."), .greeting = 1,
      .keys.max = 1, .keys.pause = 3000, .end_timeout = 10000 },
    { .error_message = convrelay_string("Sorry."),
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_ERROR),
      .end_timeout = 10000 },
    { .error_message = convrelay_string("Sorry."), .setup_timeout = 10000,
      .max_call_time = 60000, .max_answer_time = 5000, .max_turn_rate = 3 },
    { .error_message = convrelay_string("Sorry."), .setup_timeout = 10000,
      .max_call_time = 60000, .max_answer_time = 5000, .max_turn_rate = 3,
      .triggers = ALL_BUT_INTERRUPT, .greeting = 1, .keys.max = 4,
      .keys.terminator = '#', .keys.pause = 3000, .end_timeout = 10000 },
    { .error_message = convrelay_string("Sorry."), .max_call_time = 600000,
      .end_timeout = 10000, .tools = tools, .ntools = 5,
      .shapes = { tool_names, 5, tool_keys, 1 }, .max_tool_rounds = 3,
      .max_tool_runs = 4, .tool_wait = 1500 },
    { .error_message = convrelay_string("Sorry."), .end_timeout = 10000,
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_PROMPT)
                  | convrelay_trigger_bit(CONVRELAY_TRIGGER_DTMF),
      .keys.max = 1, .keys.pause = 3000,
      .tools = tools, .ntools = 5,
      .shapes = { tool_names, 5, tool_keys, 1 }, .max_tool_rounds = 3,
      .tool_wait = 1500 },
    { .error_message = convrelay_string("Sorry."), .greeting = 1,
      .triggers = ~0u & ~convrelay_trigger_bit(CONVRELAY_TRIGGER_SETUP)
                  & ~convrelay_trigger_bit(CONVRELAY_TRIGGER_PROMPT),
      .keys.max = 4, .keys.terminator = '#', .keys.pause = 3000,
      .end_timeout = 10000, .silence = stages, .nsilence = 3,
      .max_idle_time = 120000, .call_times = times, .ncall_times = 2,
      .max_turn_rate = 3 },
    { .error_message = convrelay_string("Sorry."), .presence = 1,
      .silence = stages, .nsilence = 3 },
    { .error_message = convrelay_string("Sorry."), .tools = tools, .ntools = 5,
      .shapes = { tool_names, 5, tool_keys, 1 }, .max_tool_rounds = 3,
      .llm = { .first_token_timeout = 4000, .token_timeout = 5000 } },
    { .error_message = convrelay_string("Sorry."), .end_timeout = 10000,
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_DTMF),
      .keys.max = 4, .keys.terminator = '#', .keys.pause = 3000,
      .tools = tools, .ntools = 5,
      .shapes = { tool_names, 5, tool_keys, 1 }, .max_tool_rounds = 3,
      .tool_wait = 1500 },
    { .error_message = convrelay_string("Sorry."), .tools = tools, .ntools = 5,
      .shapes = { tool_names, 5, tool_keys, 1 }, .max_tool_rounds = 3,
      .llm = { .first_token_timeout = 4000, .token_timeout = 5000,
               .cooldown = 10000, .breaker = &breaker[0] },
      .fallbacks = fallbacks, .nfallbacks = 2 },
    { .error_message = convrelay_string("Sorry."),
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_LLM_FAILED)
                  | convrelay_trigger_bit(CONVRELAY_TRIGGER_ERROR),
      .llm = { .first_token_timeout = 4000, .token_timeout = 5000,
               .cooldown = 10000, .breaker = &breaker[0] },
      .fallbacks = fallbacks, .nfallbacks = 2 },
    { .error_message = convrelay_string("Sorry."), .max_history_messages = 3,
      .tools = tools, .ntools = 5, .max_tool_rounds = 3, .tool_wait = 1500,
      .shapes = { tool_names, 5, tool_keys, 1 } },
    { .error_message = convrelay_string("Sorry."), .end_timeout = 10000,
      .tools = tools, .ntools = 7, .max_tool_rounds = 3, .max_tool_runs = 2,
      .tool_wait = 1500,
      .shapes = { tool_names, 5, tool_keys, 1 } },
    { .error_message = convrelay_string("Sorry."), .presence = 1,
      .greeting = 1, .keys.max = 4, .keys.pause = 3000,
      .silence = stages, .nsilence = 3, .filler = &filler,
      .end_timeout = 10000, .tools = tools, .ntools = 9,
      .shapes = { all_tool_names, 7, tool_keys, 1 }, .max_tool_rounds = 3,
      .tool_wait = 1500 },
    { .error_message = convrelay_string("Sorry."), .filler = &sole },
    { .error_message = convrelay_string("Sorry."), .tools = tools, .ntools = 5,
      .shapes = { tool_names, 5, tool_keys, 1 }, .max_tool_rounds = 3,
      .presence = 1, .max_answer_time = 60000,
      .llm = { .first_token_timeout = 4000, .token_timeout = 5000,
               .cooldown = 10000, .breaker = &breaker[0] },
      .fallbacks = fallbacks, .nfallbacks = 2, .hedge = 1000 },
    { .error_message = convrelay_string("Sorry."), .failures = 2,
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_LLM_FAILED)
                  | convrelay_trigger_bit(CONVRELAY_TRIGGER_LLM_EMPTY)
                  | convrelay_trigger_bit(CONVRELAY_TRIGGER_LLM_FILTERED),
      .fallbacks = fallbacks, .nfallbacks = 1 },
    { .error_message = convrelay_string("Sorry."), .context = 1,
      .greeting = 1, .setup_timeout = 10000, .max_call_time = 60000,
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_SETUP)
                  | convrelay_trigger_bit(CONVRELAY_TRIGGER_CALL_TOO_LONG)
                  | convrelay_trigger_bit(CONVRELAY_TRIGGER_CALL_TIME),
      .silence = stages, .nsilence = 3,
      .call_times = short_times, .ncall_times = 1 },
    { .error_message = convrelay_string("Sorry."), .store = 1, .greeting = 1,
      .max_call_time = 600000, .end_timeout = 10000, .filler = &filler,
      .tools = tools, .ntools = 9, .max_tool_rounds = 3, .tool_wait = 1500,
      .shapes = { all_tool_names, 7, tool_keys, 1 },
      .keys.max = 4, .keys.terminator = '#', .keys.pause = 3000,
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_CALL_TIME),
      .call_times = times, .ncall_times = 2 },
    { .error_message = convrelay_string("Sorry."), .store = 1, .greeting = 1,
      .max_call_time = 600000, .end_timeout = 10000, .failures = 2,
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_SETUP)
                  | convrelay_trigger_bit(CONVRELAY_TRIGGER_RESUME)
                  | convrelay_trigger_bit(CONVRELAY_TRIGGER_PROMPT)
                  | convrelay_trigger_bit(CONVRELAY_TRIGGER_LLM_FAILED),
      .max_turn_rate = 3 },
    { .error_message = convrelay_string("Sorry."), .store = 1, .context = 1,
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_SETUP)
                  | convrelay_trigger_bit(CONVRELAY_TRIGGER_RESUME),
      .max_call_time = 60000 },
    { .error_message = convrelay_string("Sorry."), .tools = tools, .ntools = 5,
      .shapes = { tool_names, 5, tool_keys, 1 }, .max_tool_rounds = 3,
      .speech = CONVRELAY_SPEECH_ON,
      .llm = { .first_token_timeout = 4000, .token_timeout = 5000 } },
    { .error_message = convrelay_string("Sorry."), .max_answer = 20,
      .speech = CONVRELAY_SPEECH_ON },
    { .speech = CONVRELAY_SPEECH_SSML, .triggers = ALL_BUT_INTERRUPT,
      .end_timeout = 10000 },
    { .error_message = convrelay_string("Sorry."), .tools = tools, .ntools = 5,
      .shapes = { tool_names, 5, tool_keys, 1 }, .max_tool_rounds = 3,
      .speech = CONVRELAY_SPEECH_ON, .lexicon = &lexicon,
      .llm = { .first_token_timeout = 4000, .token_timeout = 5000 } },
    { .error_message = convrelay_string("Sorry."), .max_answer = 20,
      .lexicon = &lexicon },
    { .error_message = convrelay_string("Sorry."), .lexicon = &lexicon,
      .triggers = ALL_BUT_INTERRUPT, .end_timeout = 10000 },
    { .error_message = convrelay_string("Sorry."), .store = 1,
      .lexicon = &lexicon, .filler = &filler },
    { .error_message = convrelay_string("Sorry."), .pause = 1500,
      .presence = 1, .greeting = 1, .keys.max = 2, .keys.pause = 3000,
      .end_timeout = 10000, .silence = stages, .nsilence = 3,
      .max_answer = 100, .backchannels = backchannels, .nbackchannels = 3,
      .tools = tools, .ntools = 5,
      .shapes = { tool_names, 5, tool_keys, 1 }, .max_tool_rounds = 3,
      .tool_wait = 1500, .max_answer_time = 20000 },
    { .error_message = convrelay_string("Sorry."), .pause = 1500, .store = 1,
      .triggers = ~0u & ~convrelay_trigger_bit(CONVRELAY_TRIGGER_SETUP)
                  & ~convrelay_trigger_bit(CONVRELAY_TRIGGER_PROMPT)
                  & ~convrelay_trigger_bit(CONVRELAY_TRIGGER_RESUME),
      .keys.max = 2, .keys.pause = 3000, .end_timeout = 10000,
      .max_call_time = 600000, .call_times = short_times, .ncall_times = 1 },
    { .error_message = convrelay_string("Sorry."), .pause = 1500,
      .presence = 1, .filler = &filler, .speech = CONVRELAY_SPEECH_ON,
      .llm = { .first_token_timeout = 4000, .token_timeout = 5000,
               .cooldown = 10000, .breaker = &breaker[0] },
      .fallbacks = fallbacks, .nfallbacks = 2, .hedge = 1000 },
    { .error_message = convrelay_string("Sorry."),
      .speech = CONVRELAY_SPEECH_ON,
      .llm = { .first_token_timeout = 4000, .token_timeout = 5000,
               .cooldown = 10000, .breaker = &breaker[0] },
      .fallbacks = fallbacks, .nfallbacks = 2, .hedge = 1000 },
    { .error_message = convrelay_string("Sorry."), .store = 1,
      .tools = tools, .ntools = 5, .max_tool_rounds = 3, .tool_wait = 1500,
      .shapes = { tool_names, 5, tool_keys, 1 }, .end_timeout = 10000,
      .keys.max = 1, .keys.pause = 3000,
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_DTMF), MARKER },
    { .error_message = convrelay_string("Sorry."),
      .speech = CONVRELAY_SPEECH_ON, MARKER },
    { .error_message = convrelay_string("Sorry."), .store = 1, .pause = 1500,
      .max_answer = 60, .backchannels = backchannels, .nbackchannels = 3,
      MARKER },
    { .error_message = convrelay_string("Sorry."), .pause = 1500, .store = 1,
      .presence = 1, .filler = &filler, .backchannels = backchannels,
      .nbackchannels = 3,
      .triggers = convrelay_trigger_bit(CONVRELAY_TRIGGER_INTERRUPT)
                  | convrelay_trigger_bit(CONVRELAY_TRIGGER_SILENCE),
      .silence = stages, .nsilence = 3, .end_timeout = 10000,
      .tools = tools, .ntools = 5, .max_tool_rounds = 3, .tool_wait = 1500,
      .shapes = { tool_names, 5, tool_keys, 1 } },
    { .error_message = convrelay_string("Sorry. Shall I try it again?"),
      .greeting = 1, .presence = 1, .filler = &filler,
      .backchannels = backchannels, .nbackchannels = 3,
      .tools = tools, .ntools = 9, .max_tool_rounds = 3, .tool_wait = 1500,
      .shapes = { all_tool_names, 7, tool_keys, 1 } },
    { .error_message = convrelay_string("Sorry."), .max_answer = 20,
      .speech = CONVRELAY_SPEECH_ON,
      .llm = { .first_token_timeout = 4000, .token_timeout = 5000,
               .cooldown = 10000, .breaker = &breaker[0] },
      .fallbacks = fallbacks, .nfallbacks = 2, .hedge = 1000 }
};


static void
run_scripts(const call_t *calls, size_t n)
{
    size_t  i;

    (void) convrelay_lexicon_sort(&lexicon);

    for (i = 0; i < n; i++) {
        test_call(&calls[i]);
        test_call_without_memory(&calls[i]);
    }
}


static void
test_call(const call_t *call)
{
    static run_t  r;

    run_call(&r, call);

    tap_is(r.out, r.len, call->script, strlen(call->script), call->name);

    if (r.wrong) {
        tap_ok(0, "%s: actions out of order", call->name);
    }
}


/*
 * Up to the allocation that fails the events are as ever, then the call
 * closes.  Except for an interrupt: without memory for the search, what was
 * heard counts as not found.
 */

static void
test_call_without_memory(const call_t *call)
{
    long          n, bad, degraded, before;
    const char   *p;
    static run_t  r;

#ifdef NO_OVERRIDE
    tap_ok(1, "  without memory # SKIP the allocator is not ours");
    return;
#endif

    bad = 0;
    degraded = 0;

    for (n = 0; /* void */ ; n++) {
        before = heap.live;
        heap.failed = 0;
        session_heap.shrunk = 0;
        heap.countdown = n;
        session_heap.answer = &r.s.answer;

        run_call(&r, call);

        session_heap.answer = NULL;
        heap.countdown = -1;

        if (heap.live != before) {
            bad++;
        }

        if (!heap.failed) {
            break;
        }

        p = strstr(r.out, "CLOSE 1011 no memory\n");

        if (p == NULL) {
            degraded++;

            if (session_heap.shrunk ? strcmp(r.out, call->script) != 0
                                    : !r.search)
            {
                bad++;
            }

        } else if (r.wrong || strstr(p, "    START")) {
            bad++;
        }
    }

    tap_ok(bad == 0, "  without memory at %ld places, %ld went on", n,
           degraded);
}


static void
run_call(run_t *r, const call_t *call)
{
    size_t       len;
    const char  *p, *end;

    memset(r, 0, sizeof(run_t));
    memset(breakers, 0, sizeof(breakers));

    list_start(&r->list, &r->s);
    r->list.copies = 1;
    r->list.fills = &r->s;
    r->list.phrases = (call->conf == ASKING) ? asking : phrases;
    r->list.nphrases = 3;
    r->list.lead = (call->conf == PAUSED) ? "As I was saying," : NULL;
    r->now = 1000000;

    r->conf = call->conf;
    r->nsessions = 1;

    convrelay_session_init(&r->s, &confs[call->conf], r->now);

    for (p = call->script; *p; p = end + 1) {
        end = strchr(p, '\n');
        len = end - p;

        if (*p != ' ') {
            show(r, "%.*s\n", (int) len, p);
            run_line(r, p, len);
        }
    }

    convrelay_session_free(&r->s);
    free(r->state);
}


static void
run_line(run_t *r, const char *line, size_t len)
{
    int                        has, alloc_was;
    char                       name[32], word[32];
    u_char                    *flush;
    convrelay_str_t            text, extra;
    convrelay_actions_t       *out;
    convrelay_relay_message_t  m;
    static const char         *ends[] = { "complete", "empty", "truncated",
                                          "failed", "rejected",
                                          "too-long", "filtered",
                                          "prompt-filtered" };

    out = list_next(&r->list);
    memset(&m, 0, sizeof(m));

    word[0] = '\0';
    sscanf(line, "%31[a-z] %31[a-z0-9-]", name, word);

    has = get_text(line, len, &text);
    flush = tap_flush(text.data, text.len);
    text.data = flush;

    if (strcmp(name, "setup") == 0) {
        m.type = CONVRELAY_RELAY_SETUP;
        run_setup(r, &m, &text, out);

    } else if (strcmp(name, "gone") == 0) {
        convrelay_session_gone(&r->s, r->now);

    } else if (strcmp(name, "lost") == 0) {

        if (!r->closed) {
            run_lost(r);
            r->now += atoi(word);
            convrelay_session_init(&r->s, &confs[r->conf], r->now);
            m.type = CONVRELAY_RELAY_SETUP;
            run_setup(r, &m, &text, out);
        }

    } else if (strcmp(name, "redialed") == 0) {

        /* opened again, without a setup message */

        if (!r->closed) {
            run_lost(r);
            r->now += atoi(word);
            convrelay_session_init(&r->s, &confs[r->conf], r->now);
            convrelay_str_set(&m.u.setup.account_sid, "AC1");
            convrelay_session_begin(&r->s, &m.u.setup.account_sid, &text,
                                    r->now, out);
        }

    } else if (strcmp(name, "unnamed") == 0) {
        convrelay_str_set(&text, "0123456789abcdef");
        convrelay_session_await_setup(&r->s, &text, r->now);

    } else if (strcmp(name, "session") == 0) {
        convrelay_session_get_setup(&r->s, &m.u.setup);
        show(r, "    %.*s %.*s %.*s\n", (int) m.u.setup.session_id.len,
             (char *) m.u.setup.session_id.data, (int) m.u.setup.from.len,
             (char *) m.u.setup.from.data, (int) m.u.setup.nonce.len,
             (char *) m.u.setup.nonce.data);

    } else if (strcmp(name, "lostgreeting") == 0) {

        if (!r->closed) {
            run_lost(r);
            r->now += atoi(word);
            convrelay_session_init(&r->s, &confs[r->conf], r->now);
            m.type = CONVRELAY_RELAY_SETUP;
            m.u.setup.parameters = json_values(greeting_json(&text));
            convrelay_str_set(&text, "CA1");
            run_setup(r, &m, &text, out);
        }

    } else if (strcmp(name, "resumed") == 0) {
        show(r, "    %u%s\n", r->s.resumed, r->s.resume_lost ? " lost" : "");

    } else if (strcmp(name, "changed") == 0) {
        show(r, "    %s\n", (r->s.version != r->version) ? "yes" : "no");
        r->version = r->s.version;

    } else if (strcmp(name, "keys") == 0) {
        show_keys(r);

    } else if (strcmp(name, "restored") == 0) {
        run_restored(r, 0, out);

    } else if (strcmp(name, "awaited") == 0) {
        run_restored(r, 1, out);

    } else if (strcmp(name, "none") == 0) {
        free(r->state);
        r->state = NULL;
        run_restored(r, 0, out);

    } else if (strcmp(name, "state") == 0) {
        show_state(r);

    } else if (strcmp(name, "prompt") == 0 || strcmp(name, "partial") == 0) {
        m.type = CONVRELAY_RELAY_PROMPT;
        m.u.prompt.voice_prompt = text;
        m.u.prompt.last = (name[1] == 'r');
        convrelay_str_set(&m.u.prompt.lang, "en-US");
        run_message(r, &m, out);

    } else if (strcmp(name, "interrupt") == 0) {
        m.type = CONVRELAY_RELAY_INTERRUPT;
        m.u.interrupt.utterance = text;
        m.u.interrupt.duration = word[0] ? strtoll(word, NULL, 10) : -1;
        alloc_was = heap.failed;
        run_message(r, &m, out);
        r->search |= (heap.failed != alloc_was);

    } else if (strcmp(name, "played") == 0) {
        m.type = CONVRELAY_RELAY_INFO;
        convrelay_str_set(&m.u.info.name, "tokensPlayed");
        m.u.info.value = text;
        run_message(r, &m, out);

    } else if (strcmp(name, "speaking") == 0) {
        m.type = CONVRELAY_RELAY_INFO;
        convrelay_str_set(&m.u.info.name, "agentSpeaking");
        m.u.info.value = text;
        run_message(r, &m, out);

    } else if (strcmp(name, "client") == 0) {
        m.type = CONVRELAY_RELAY_INFO;
        convrelay_str_set(&m.u.info.name, "clientSpeaking");
        m.u.info.value = text;
        run_message(r, &m, out);

    } else if (strcmp(name, "hold") == 0) {
        convrelay_session_hold(&r->s, atoll(word), r->now);

    } else if (strcmp(name, "ask") == 0) {
        heap.armed = 1;
        convrelay_session_ask_later(&r->s, &text, out);
        heap.armed = 0;

    } else if (strcmp(name, "dtmf") == 0) {
        m.type = CONVRELAY_RELAY_DTMF;
        m.u.digit = text;
        run_message(r, &m, out);

    } else if (strcmp(name, "error") == 0) {
        m.type = CONVRELAY_RELAY_ERROR;
        convrelay_str_set(&m.u.error.description, "what was said");
        m.u.error.code = atoi(word);
        run_message(r, &m, out);

    } else if (strcmp(name, "unknown") == 0) {
        m.type_name = text;
        run_message(r, &m, out);

    } else if (strcmp(name, "delta") == 0 && has) {
        heap.armed = 1;
        convrelay_session_delta(&r->s, &text, r->now, out);
        heap.armed = 0;

    } else if (strcmp(name, "end") == 0) {
        unsigned  i;

        for (i = 0; strcmp(word, ends[i]); i++) { /* void */ }

        extra = run_extra(r);

        heap.armed = 1;
        convrelay_session_turn_end(&r->s, i, &extra, r->now, out);
        heap.armed = 0;

        memset(r->extra, 0, sizeof(r->extra));

    } else if (strcmp(name, "extra") == 0) {
        snprintf(r->extra, sizeof(r->extra), "%.*s", (int) text.len,
                 (char *) text.data);

    } else if (strcmp(name, "greeting") == 0) {
        m.type = CONVRELAY_RELAY_SETUP;
        m.u.setup.parameters = json_values(greeting_json(&text));

        if (confs[r->conf].store) {
            convrelay_str_set(&text, "CA1");
            run_setup(r, &m, &text, out);

        } else {
            run_message(r, &m, out);
        }

    } else if (strcmp(name, "clock") == 0) {
        heap.armed = 1;
        convrelay_session_clock(&r->s, r->now, out);
        heap.armed = 0;

    } else if (strcmp(name, "done") == 0) {
        heap.armed = 1;
        convrelay_session_trigger_done(&r->s, r->now, out);
        heap.armed = 0;
        r->wrong |= !trigger_over(r);

    } else if (strcmp(name, "declined") == 0) {
        heap.armed = 1;
        convrelay_session_trigger_declined(&r->s, &text, r->now, out);
        heap.armed = 0;
        r->wrong |= !trigger_over(r);

    } else if (strcmp(name, "excused") == 0) {
        convrelay_session_llm_excuse(&r->s);

    } else if (strcmp(name, "over") == 0) {
        convrelay_session_over(&r->s);

    } else if (strcmp(name, "context") == 0) {
        convrelay_session_context_end(&r->s, r->now, out);

    } else if (strcmp(name, "part") == 0) {
        convrelay_session_call_part(&r->s, r->now, out);

    } else if (strcmp(name, "hedge") == 0) {

        (void) convrelay_session_hedge_won(&r->s, text.len ? &text : NULL,
                                           r->now, out);

    } else if (strcmp(name, "hedgeends") == 0) {
        convrelay_session_hedge_end(&r->s,
                                    text.data[0] == 'f' ? CONVRELAY_TURN_FAILED
                                                        : CONVRELAY_TURN_EMPTY,
                                    r->now);

    } else if (strcmp(name, "hedgedone") == 0) {
        (void) convrelay_session_hedge_ended(&r->s, r->now, out);

    } else if (strcmp(name, "hedgemissed") == 0) {
        convrelay_session_hedge_missed(&r->s);

    } else if (strcmp(name, "calls") == 0) {
        run_calls(r, &text, out);

    } else if (strcmp(name, "toolok") == 0 || strcmp(name, "toolbad") == 0) {
        run_tool(r, word, name[4] == 'o', &text, out);

    } else if (strcmp(name, "toolfails") == 0) {
        convrelay_session_tool_failed(&r->s, "it cannot be sent");

    } else if (strcmp(name, "nostart") == 0) {
        r->list.nostart = 1;

    } else if (strcmp(name, "deadline") == 0) {
        show_deadline(r);

    } else if (strcmp(name, "wait") == 0) {
        r->now += atoll(word);

    } else if (strcmp(name, "history") == 0) {
        show_history(r);

    } else if (strcmp(name, "cuts") == 0) {
        show_cuts(r);

    } else if (strcmp(name, "transcript") == 0 || strcmp(name, "live") == 0) {
        show_transcript(r, name[0] == 't');

    } else if (strcmp(name, "stats") == 0) {
        show(r, "    turns %d interrupts %d tokens %d\n", (int) r->s.turns,
             (int) r->s.interrupts, (int) r->s.tokens);

    } else if (strcmp(name, "wenton") == 0) {
        show(r, "    %u\n", convrelay_session_went_on(&r->s));

    } else if (strcmp(name, "fillers") == 0) {
        show(r, "    %u\n", convrelay_session_fillers(&r->s));

    } else if (strcmp(name, "activity") == 0) {
        uint64_t            until;
        static const char  *activities[] = { "greeting", "listening",
                                             "thinking", "speaking",
                                             "parting" };

        show(r, "    %s\n",
             activities[convrelay_session_activity(&r->s, &until)]);

    } else if (strcmp(name, "lang") == 0) {
        show(r, "    \"%.*s\"\n", (int) r->s.lang.len,
             (char *) r->s.lang.data);

    } else if (!run_action(r, name, &text, out)) {
        show(r, "    bad line\n");
    }

    show_actions(r);

    tap_unflush(flush, text.len);
}


static int
run_action(run_t *r, const char *name, convrelay_str_t *text,
    convrelay_actions_t *out)
{
    unsigned                       i;
    static convrelay_relay_out_t   m;
    static const char             *names[] = { "say", "play", "tones",
                                               "language", "hangup",
                                               "raw", "skip" };

    memset(&m, 0, sizeof(m));

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (strcmp(name, names[i]) == 0) {
            m.type = i;
            m.last = 1;
            m.text = *text;

            heap.armed = 1;
            convrelay_session_perform(&r->s, &m, r->now, out);
            heap.armed = 0;

            return 1;
        }
    }

    return 0;
}


/* no trigger is left, except one that this event led to */

static int
trigger_over(const run_t *r)
{
    unsigned  i;

    for (i = 0; i < r->list.nactions; i++) {

        if (r->list.actions[i].type == CONVRELAY_ACT_TRIGGER) {
            return 1;
        }
    }

    return r->s.trigger == CONVRELAY_TRIGGER_NONE;
}


/* what the history says of itself */

static int
counted(const convrelay_history_t *h)
{
    size_t                          len, n;
    const convrelay_llm_message_t  *m, *last;

    len = 0;
    n = 0;
    last = NULL;

    for (m = h->first; m; m = m->next) {
        len += m->len;
        n += (m->role != CONVRELAY_LLM_EXTRA);
        last = m;
    }

    return len == h->len && n == h->nmessages && last == h->last;
}


static void
run_calls(run_t *r, convrelay_str_t *text, convrelay_actions_t *out)
{
    size_t                 n;
    u_char                *p, *end, *last;
    convrelay_str_t        extra;
    convrelay_llm_call_t   calls[8];

    memset(calls, 0, sizeof(calls));

    p = text->data;
    last = text->data + text->len;

    for (n = 0; p < last; n++) {
        end = memchr(p, ' ', last - p);
        calls[n].id.data = p;
        calls[n].id.len = end - p;
        p = end + 1;

        end = memchr(p, ' ', last - p);
        calls[n].name.data = p;
        calls[n].name.len = end - p;
        p = end + 1;

        end = memchr(p, ';', last - p);
        end = end ? end : last;
        calls[n].arguments.data = p;
        calls[n].arguments.len = end - p;
        calls[n].valid = 1;
        p = end + 2;
    }

    extra = run_extra(r);

    heap.armed = 1;
    convrelay_session_turn_calls(&r->s, &extra, calls, n, r->now, out);
    heap.armed = 0;

    memset(r->extra, 0, sizeof(r->extra));
}


static convrelay_str_t
run_extra(run_t *r)
{
    convrelay_str_t  extra;

    extra.data = (u_char *) r->extra;
    extra.len = strlen(r->extra);

    return extra;
}


static void
run_tool(run_t *r, const char *word, unsigned ok, convrelay_str_t *text,
    convrelay_actions_t *out)
{
    unsigned  i;

    i = atoi(word) - 1;

    /* without memory there may be none */

    if (i >= r->nruns || r->runs[i] == NULL) {
        return;
    }

    heap.armed = 1;
    convrelay_session_tool_end(&r->s, r->runs[i], text, ok, r->now, out);
    heap.armed = 0;

    r->runs[i] = NULL;
}


static unsigned
find_run(const run_t *r, const convrelay_tool_run_t *run)
{
    unsigned  i;

    for (i = 0; i < r->nruns && r->runs[i] != run; i++) { /* void */ }

    return i;
}


static cJSON *
greeting_json(const convrelay_str_t *text)
{
    char   *copy;
    cJSON  *json;

    copy = strndup((char *) text->data, text->len);
    json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, "convrelay_greeting", copy);
    free(copy);

    return json;
}


static void
run_message(run_t *r, convrelay_relay_message_t *m, convrelay_actions_t *out)
{
    heap.armed = 1;
    convrelay_session_message(&r->s, m, r->now, out);
    heap.armed = 0;
}


static void
run_setup(run_t *r, convrelay_relay_message_t *m,
    const convrelay_str_t *call_sid, convrelay_actions_t *out)
{
    char  session[16];

    m->u.setup.call_sid = *call_sid;
    m->u.setup.session_id.data = (u_char *) session;
    m->u.setup.session_id.len = sprintf(session, "VX%u", r->nsessions);
    convrelay_str_set(&m->u.setup.account_sid, "AC1");
    convrelay_str_set(&m->u.setup.from, "+15550100001");

    run_message(r, m, out);
}


/* what is kept of the session is all that is left of it */

static void
run_lost(run_t *r)
{
    size_t                  size;
    u_char                 *p;
    convrelay_state_conf_t  conf;

    state_conf(r, &conf);

    size = convrelay_state_size(&r->s, &conf);

    free(r->state);
    r->state = malloc(size + 1);

    p = convrelay_state_write(r->state, &r->s, &conf, r->now);

    r->state_len = p - r->state;
    r->wrong |= (r->state_len > size);
    r->nsessions++;

    memset(r->runs, 0, sizeof(r->runs));

    convrelay_session_free(&r->s);
}


static void
run_restored(run_t *r, unsigned wait, convrelay_actions_t *out)
{
    int                     rc;
    u_char                 *flush;
    convrelay_state_conf_t  conf;

    state_conf(r, &conf);

    conf.wait = wait;

    flush = r->state ? tap_flush(r->state, r->state_len) : NULL;

    heap.armed = 1;
    rc = convrelay_session_restored(&r->s, flush, r->state_len, &conf, r->now,
                                    out);
    heap.armed = 0;

    if (flush) {
        tap_unflush(flush, r->state_len);
    }

    if (rc == CONVRELAY_AGAIN) {
        show(r, "    again\n");
    }
}


static void
state_conf(run_t *r, convrelay_state_conf_t *conf)
{
    memset(conf, 0, sizeof(convrelay_state_conf_t));

    conf->wall = r->now + 1700000000000;
}


static void
show_keys(run_t *r)
{
    size_t                            i;
    const convrelay_session_tools_t  *t;

    t = r->s.tools;

    for (i = 0; t && i < t->nkeys; i++) {
        show(r, "    %u\n", (unsigned) t->keys[i].n);
    }
}


static void
show_state(run_t *r)
{
    u_char                 *text, *p;
    convrelay_state_conf_t  conf;

    state_conf(r, &conf);

    text = malloc(convrelay_state_size(&r->s, &conf) + 1);
    p = convrelay_state_write(text, &r->s, &conf, r->now);

    show(r, "    %.*s\n", (int) (p - text), (char *) text);

    free(text);
}


/* what stands between the quotes of a line */

static int
get_text(const char *line, size_t len, convrelay_str_t *text)
{
    const char  *p;

    text->len = 0;
    text->data = (u_char *) "";

    p = memchr(line, '"', len);

    if (p == NULL) {
        return 0;
    }

    text->data = (u_char *) p + 1;
    text->len = line + len - p - 2;

    return 1;
}


static void
show_actions(run_t *r)
{
    unsigned                   i, n;
    convrelay_str_t            text;
    const convrelay_action_t  *a;
    static u_char              json[1024];
    static const char         *levels[] = { "info", "warn", "err" };
    static const char         *ends[] = { "acted", "not acted", "unknown",
                                          "arguments", "busy", "unstarted" };
    static const char         *events[] = { "none", "setup", "dtmf", "prompt",
                                            "error", "llm_failed",
                                            "call_too_long", "tool",
                                 "interrupt", "silence", "call_time",
                                          "llm_empty", "llm_filtered",
                                          "resume" };

    r->wrong |= !list_ok(&r->list) || !counted(&r->s.history);

    r->logged = 0;

    for (i = 0; i < r->list.nactions; i++) {
        a = &r->list.actions[i];

        if (r->closed) {
            r->wrong = 1;
        }

        switch (a->type) {

        case CONVRELAY_ACT_SETUP:
            show(r, "    SETUP\n");
            break;

        case CONVRELAY_ACT_RESTORE:
            show(r, "    RESTORE\n");
            break;

        case CONVRELAY_ACT_CONTEXT:
            show(r, "    CONTEXT\n");
            break;

        case CONVRELAY_ACT_CANCEL:
            show(r, "    CANCEL%s%s\n", a->note ? " " : "",
                 a->note ? a->note : "");
            break;

        case CONVRELAY_ACT_HEDGE:
            show(r, "    HEDGE fallback %u\n", r->s.hedge);
            break;

        case CONVRELAY_ACT_HEDGE_END:
            show(r, "    HEDGE_END%s%s\n", a->note ? " " : "",
                 a->note ? a->note : "");
            break;

        case CONVRELAY_ACT_HEDGE_TAKES:
            show(r, "    HEDGE_TAKES%s%s\n", a->note ? " " : "",
                 a->note ? a->note : "");
            break;

        case CONVRELAY_ACT_BACKCHANNEL:
            show(r, "    BACKCHANNEL\n");
            break;

        case CONVRELAY_ACT_GO_ON:
            show(r, "    GO_ON\n");
            break;

        case CONVRELAY_ACT_TEXT:
            show(r, "    TEXT \"%.*s\"%s\n", (int) a->text.len,
                 (char *) a->text.data, a->last ? " last" : "");
            break;

        case CONVRELAY_ACT_START:
            if (r->s.llm) {
                show(r, "    START fallback %u\n", r->s.llm);

            } else {
                show(r, "    START\n");
            }

            break;

        case CONVRELAY_ACT_CLOSE:
            show(r, "    CLOSE %u %s\n", a->code, a->note);
            r->wrong |= (a->logged != r->logged);
            r->closed = 1;
            break;

        case CONVRELAY_ACT_SEND:
            convrelay_relay_out_write(json, a->message);

            show(r, "    SEND %.*s\n",
                 (int) convrelay_relay_out_size(a->message), (char *) json);
            break;

        case CONVRELAY_ACT_TOOL:
            show(r, "    TOOL %u %.*s\n", r->nruns + 1, (int) a->line.len,
                 (char *) a->line.data);
            r->runs[r->nruns++] = a->run;
            break;

        case CONVRELAY_ACT_TOOL_CANCEL:
            n = find_run(r, a->run);
            show(r, "    TOOL_CANCEL %u\n", n + 1);
            r->runs[n] = NULL;
            break;

        case CONVRELAY_ACT_TOOL_ENDS:
            show(r, "    ENDS %s\n", ends[a->code]);
            break;

        case CONVRELAY_ACT_FILLER:
            break;

        case CONVRELAY_ACT_TRIGGER:
            text = (a->code == CONVRELAY_TRIGGER_DTMF)
                   ? convrelay_session_digits(&r->s) : a->text;

            show(r, "    EVENT %s%s%.*s\n", events[a->code],
                 text.len ? " " : "", (int) text.len, (char *) text.data);

            break;

        case CONVRELAY_ACT_LOG:

            if (a->line.len) {
                r->logged |= (strncmp(a->note, "answer ", 7) != 0);
                show(r, "    LOG %s %.*s\n", levels[a->level],
                     (int) a->line.len, (char *) a->line.data);
                break;
            }

            show(r, "    LOG %s %s%s%.*s\n", levels[a->level], a->note,
                 a->text.len ? ": " : "", (int) a->text.len,
                 (char *) a->text.data);
            break;
        }
    }
}


/* in ms from now; -1: there is none, except that of the longest call */

static void
show_deadline(run_t *r)
{
    uint64_t  at;

    at = convrelay_session_deadline(&r->s);

    if (at == 0 || at == r->s.epoch + 1 + CONVRELAY_SESSION_MAX_PAST
                    + CONVRELAY_SESSION_MAX_TIME) {
        show(r, "    -1\n");
        return;
    }

    show(r, "    %lld\n", (long long) (at - r->now));
}


static void
show_transcript(run_t *r, unsigned over)
{
    size_t                          len;
    convrelay_transcript_t          t;
    const convrelay_llm_message_t  *m;
    static const char              *roles[] = { "system", "user", "assistant",
                                                "extra", "call", "result" };

    convrelay_session_transcript(&r->s, over, r->now, &t);

    for (m = r->s.history.first; m; m = m->next) {
        len = convrelay_session_transcript_len(&t, m);

        if (m->role == CONVRELAY_LLM_CALL || m->role == CONVRELAY_LLM_TOOL) {
            show(r, "    %s\n", roles[m->role]);

        } else if (len) {
            show_line(r, roles[m->role], m->text, len);
        }
    }

    if (t.said.len) {
        show_line(r, "said", t.said.data, t.said.len);
    }

    if (t.prompt.len) {
        show_line(r, "waits", t.prompt.data, t.prompt.len);
    }
}


static void
show_line(run_t *r, const char *role, const u_char *text, size_t len)
{
    show(r, "    %s \"%.*s\"\n", role, (int) len, (char *) text);
}


static void
show_history(run_t *r)
{
    char         *json;
    cJSON        *root;
    size_t        len;
    u_char       *text;
    const cJSON  *item, *id, *llm;

    text = written(&r->s.history, &len);
    json = malloc(len + 3);

    sprintf(json, "[%.*s]", (int) len, (char *) text);

    root = cJSON_Parse(json);

    if (root == NULL) {
        show(r, "    no JSON: %s\n", json);
    }

    cJSON_ArrayForEach(item, root) {
        id = cJSON_GetObjectItem(item, "id");

        llm = cJSON_GetObjectItem(item, "llm");

        if (llm) {
            show(r, "    extra of fallback %d \"%s\"\n", llm->valueint,
                 cJSON_GetObjectItem(item, "content")->valuestring);
            continue;
        }

        show(r, "    %s %s%s\"%s\"\n",
             cJSON_GetObjectItem(item, "role")->valuestring,
             id ? id->valuestring : "", id ? " " : "",
             cJSON_GetObjectItem(item, "content")->valuestring);
    }

    cJSON_Delete(root);
    free(json);
    free(text);
}


static void
show_cuts(run_t *r)
{
    const convrelay_llm_message_t  *m;

    for (m = r->s.history.first; m; m = m->next) {

        if (m->cut) {
            show(r, "    \"%.*s\"\n", (int) m->len, (char *) m->text);
        }
    }
}


static void
show(run_t *r, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    r->len += vsnprintf(r->out + r->len, sizeof(r->out) - r->len, fmt, args);
    va_end(args);

    if (r->len >= sizeof(r->out)) {
        fprintf(stderr, "script too long\n");
        exit(2);
    }
}
