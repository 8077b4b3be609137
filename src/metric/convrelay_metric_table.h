
/*
 * Copyright (C) convrelay contributors
 *
 * Everything that is counted for a location.  convrelay_metric.h and .c include
 * this file, each with its own CONVRELAY_FAMILY(), _SERIES(), _SERIES_OF() and
 * _HISTOGRAM(), so it has no guard.
 *
 * To add a counter, add a line: a SERIES below its family, which becomes
 * CONVRELAY_METRIC_<id>.  A family of a single series has no label.  Each
 * SERIES_OF has a second label, "kind"; those of a kind follow each other.
 * Names get the prefix "convrelay_"; a counter ends in "_total".  A label's
 * value is never taken from a call.
 */


CONVRELAY_FAMILY("sessions_total", "end",
                 "Finished sessions, by kind of caller and by how they ended.")
CONVRELAY_SERIES_OF(SESSION_HANGUP,       "phone", "hangup")
CONVRELAY_SERIES_OF(SESSION_ENDED,        "phone", "ended")
CONVRELAY_SERIES_OF(SESSION_DROPPED,      "phone", "dropped")
CONVRELAY_SERIES_OF(SESSION_SILENT,       "phone", "silent")
CONVRELAY_SERIES_OF(SESSION_SLOW,         "phone", "slow")
CONVRELAY_SERIES_OF(SESSION_PROTOCOL,     "phone", "protocol")
CONVRELAY_SERIES_OF(SESSION_TOO_FAST,     "phone", "too_fast")
CONVRELAY_SERIES_OF(SESSION_NO_SETUP,     "phone", "no_setup")
CONVRELAY_SERIES_OF(SESSION_REFUSED,      "phone", "refused")
CONVRELAY_SERIES_OF(SESSION_REPLACED,     "phone", "replaced")
CONVRELAY_SERIES_OF(SESSION_TOO_LONG,     "phone", "too_long")
CONVRELAY_SERIES_OF(SESSION_SHUTDOWN,     "phone", "shutdown")
CONVRELAY_SERIES_OF(SESSION_DRAINED,      "phone", "drained")
CONVRELAY_SERIES_OF(SESSION_ERROR,        "phone", "error")
CONVRELAY_SERIES_OF(BROWSER_HANGUP,       "browser", "hangup")
CONVRELAY_SERIES_OF(BROWSER_ENDED,        "browser", "ended")
CONVRELAY_SERIES_OF(BROWSER_DROPPED,      "browser", "dropped")
CONVRELAY_SERIES_OF(BROWSER_SILENT,       "browser", "silent")
CONVRELAY_SERIES_OF(BROWSER_SLOW,         "browser", "slow")
CONVRELAY_SERIES_OF(BROWSER_PROTOCOL,     "browser", "protocol")
CONVRELAY_SERIES_OF(BROWSER_TOO_FAST,     "browser", "too_fast")
CONVRELAY_SERIES_OF(BROWSER_NO_SETUP,     "browser", "no_setup")
CONVRELAY_SERIES_OF(BROWSER_REFUSED,      "browser", "refused")
CONVRELAY_SERIES_OF(BROWSER_REPLACED,     "browser", "replaced")
CONVRELAY_SERIES_OF(BROWSER_TOO_LONG,     "browser", "too_long")
CONVRELAY_SERIES_OF(BROWSER_SHUTDOWN,     "browser", "shutdown")
CONVRELAY_SERIES_OF(BROWSER_DRAINED,      "browser", "drained")
CONVRELAY_SERIES_OF(BROWSER_ERROR,        "browser", "error")

CONVRELAY_HISTOGRAM(SESSION_SECONDS, minutes, "session_seconds",
                 "How long sessions lasted.")

CONVRELAY_FAMILY("turns_total", "outcome",
                 "Finished turns, by how they ended.")
CONVRELAY_SERIES(TURN_COMPLETE,         "complete")
CONVRELAY_SERIES(TURN_EMPTY,            "empty")
CONVRELAY_SERIES(TURN_TRUNCATED,        "truncated")
CONVRELAY_SERIES(TURN_FAILED,           "failed")
CONVRELAY_SERIES(TURN_REJECTED,         "rejected")
CONVRELAY_SERIES(TURN_INTERRUPTED,      "interrupted")
CONVRELAY_SERIES(TURN_SUPERSEDED,       "superseded")
CONVRELAY_SERIES(TURN_ABANDONED,        "abandoned")

CONVRELAY_HISTOGRAM(FIRST_SOUND, seconds, "first_sound_seconds",
                 "Time from a prompt to the first text that was sent, from "
                 "the LLM or not.")

CONVRELAY_HISTOGRAM(FIRST_WORD, seconds, "first_word_seconds",
                 "Time from a prompt to the first text of the LLM that was "
                 "sent.")

CONVRELAY_HISTOGRAM(TURN_SECONDS, seconds, "turn_seconds",
                 "Time from a prompt to the end of its turn.")

CONVRELAY_HISTOGRAM(TOKEN_GAP, seconds, "token_gap_seconds",
                 "Time between two pieces of an answer.")

CONVRELAY_FAMILY("prompts_total", NULL,
                 "Finished sentences of callers.")
CONVRELAY_SERIES(PROMPTS,               NULL)

CONVRELAY_FAMILY("interrupts_total", NULL,
                 "Interruptions of the agent's speech by callers.")
CONVRELAY_SERIES(INTERRUPTS,            NULL)

CONVRELAY_FAMILY("keys_total", NULL,
                 "Keys that callers pressed.")
CONVRELAY_SERIES(KEYS,                  NULL)

CONVRELAY_FAMILY("tokens_total", NULL,
                 "Pieces of answers that were sent to callers.")
CONVRELAY_SERIES(TOKENS,                NULL)

CONVRELAY_FAMILY("fallbacks_total", "asked",
                 "Requests to a fallback, after a failure of another LLM or in "
                 "parallel to it.")
CONVRELAY_SERIES(FALLBACK_AFTER,        "after")
CONVRELAY_SERIES(FALLBACK_PARALLEL,     "parallel")

CONVRELAY_FAMILY("hedges_won_total", NULL,
                 "Requests to a fallback in parallel that were faster.")
CONVRELAY_SERIES(HEDGE_WON,             NULL)

CONVRELAY_FAMILY("tool_rounds_total", NULL,
                 "Answers in which the LLM called tools, so that another "
                 "request followed.")
CONVRELAY_SERIES(TOOL_ROUNDS,           NULL)

CONVRELAY_FAMILY("unknown_tools_total", NULL,
                 "Calls by the LLM of tools that do not exist.")
CONVRELAY_SERIES(UNKNOWN_TOOLS,         NULL)

CONVRELAY_FAMILY("nudges_total", NULL,
                 "Stages of convrelay_silence that callers have reached.")
CONVRELAY_SERIES(NUDGES,                NULL)

CONVRELAY_FAMILY("fillers_total", NULL,
                 "Phrases that were said while callers waited.")
CONVRELAY_SERIES(FILLERS,               NULL)

CONVRELAY_FAMILY("resumed_answers_total", NULL,
                 "Answers that went on after an interruption.")
CONVRELAY_SERIES(RESUMED_ANSWERS,       NULL)

CONVRELAY_FAMILY("backchannels_total", NULL,
                 "Prompts such as \"uh-huh\" that were ignored while the agent "
                 "was speaking.")
CONVRELAY_SERIES(BACKCHANNELS,          NULL)

CONVRELAY_FAMILY("resumes_total", "outcome",
                 "Sessions that looked for an earlier one of their call in the "
                 "store, by outcome.")
CONVRELAY_SERIES(RESUME_FOUND,          "found")
CONVRELAY_SERIES(RESUME_NONE,           "none")
CONVRELAY_SERIES(RESUME_DECLINED,       "declined")

/* the outcomes are in the order of ngx_http_convrelay_away_end_e */

CONVRELAY_FAMILY("store_requests_total", "outcome",
                 "Requests to the location of convrelay_store, by method and "
                 "outcome.")
CONVRELAY_SERIES_OF(STORE_GET_DONE,         "get", "done")
CONVRELAY_SERIES_OF(STORE_GET_NONE,         "get", "none")
CONVRELAY_SERIES_OF(STORE_GET_REFUSED,      "get", "refused")
CONVRELAY_SERIES_OF(STORE_GET_FAILED,       "get", "failed")
CONVRELAY_SERIES_OF(STORE_GET_TIMED_OUT,    "get", "timed_out")
CONVRELAY_SERIES_OF(STORE_PUT_DONE,         "put", "done")
CONVRELAY_SERIES_OF(STORE_PUT_NONE,         "put", "none")
CONVRELAY_SERIES_OF(STORE_PUT_REFUSED,      "put", "refused")
CONVRELAY_SERIES_OF(STORE_PUT_FAILED,       "put", "failed")
CONVRELAY_SERIES_OF(STORE_PUT_TIMED_OUT,    "put", "timed_out")
CONVRELAY_SERIES_OF(STORE_DELETE_DONE,      "delete", "done")
CONVRELAY_SERIES_OF(STORE_DELETE_NONE,      "delete", "none")
CONVRELAY_SERIES_OF(STORE_DELETE_REFUSED,   "delete", "refused")
CONVRELAY_SERIES_OF(STORE_DELETE_FAILED,    "delete", "failed")
CONVRELAY_SERIES_OF(STORE_DELETE_TIMED_OUT, "delete", "timed_out")

CONVRELAY_HISTOGRAM(STORE_SECONDS, seconds, "store_seconds",
                 "Time of a request to the location of convrelay_store that "
                 "was answered.")

CONVRELAY_FAMILY("store_outages_total", "event",
                 "Outages of the location of convrelay_store; one that has "
                 "begun and not ended goes on.")
CONVRELAY_SERIES(STORE_OUTAGE_BEGAN,    "began")
CONVRELAY_SERIES(STORE_OUTAGE_ENDED,    "ended")

CONVRELAY_FAMILY("store_skipped_total", NULL,
                 "Sessions and reports that did not ask the location of "
                 "convrelay_store, because it was out, or for want of time.")
CONVRELAY_SERIES(STORE_SKIPPED,         NULL)

CONVRELAY_FAMILY("store_dropped_total", NULL,
                 "Changes that were not written to the location of "
                 "convrelay_store.")
CONVRELAY_SERIES(STORE_DROPPED,         NULL)

CONVRELAY_FAMILY("reports_total", "result",
                 "Reports of calls, by what became of them.")
CONVRELAY_SERIES(REPORT_DELIVERED,      "delivered")
CONVRELAY_SERIES(REPORT_FAILED,         "failed")
CONVRELAY_SERIES(REPORT_DROPPED,        "dropped")

/* in the order of convrelay_relay_type_e */

CONVRELAY_FAMILY("messages_total", "type",
                 "Messages that were received from Twilio, by type.")
CONVRELAY_SERIES(MESSAGE_UNKNOWN,       "unknown")
CONVRELAY_SERIES(MESSAGE_SETUP,         "setup")
CONVRELAY_SERIES(MESSAGE_PROMPT,        "prompt")
CONVRELAY_SERIES(MESSAGE_DTMF,          "dtmf")
CONVRELAY_SERIES(MESSAGE_INTERRUPT,     "interrupt")
CONVRELAY_SERIES(MESSAGE_ERROR,         "error")
CONVRELAY_SERIES(MESSAGE_INFO,          "info")
CONVRELAY_SERIES(MESSAGE_INVALID,       "invalid")

CONVRELAY_FAMILY("webhooks_total", "status",
                 "Webhook requests, by kind and by status of the response.")
CONVRELAY_SERIES_OF(WEBHOOK_2XX,          "twiml", "2xx")
CONVRELAY_SERIES_OF(WEBHOOK_403,          "twiml", "403")
CONVRELAY_SERIES_OF(WEBHOOK_4XX,          "twiml", "4xx")
CONVRELAY_SERIES_OF(WEBHOOK_5XX,          "twiml", "5xx")
CONVRELAY_SERIES_OF(ACTION_2XX,           "action", "2xx")
CONVRELAY_SERIES_OF(ACTION_403,           "action", "403")
CONVRELAY_SERIES_OF(ACTION_4XX,           "action", "4xx")
CONVRELAY_SERIES_OF(ACTION_5XX,           "action", "5xx")

CONVRELAY_FAMILY("refused_total", "reason",
                 "Webhook requests, sockets and calls that were refused, by "
                 "reason.")
CONVRELAY_SERIES(REFUSED_SIGNATURE,     "signature")
CONVRELAY_SERIES(REFUSED_TICKET,        "ticket")
CONVRELAY_SERIES(REFUSED_ORIGIN,        "origin")
CONVRELAY_SERIES(REFUSED_HANDSHAKE,     "handshake")
CONVRELAY_SERIES(REFUSED_SECOND_SOCKET, "second_socket")
CONVRELAY_SERIES(REFUSED_LIMIT_CALLS,   "limit_calls")
CONVRELAY_SERIES(REFUSED_ZONE_FULL,     "zone_full")

/* named as the directive, "convrelay_max_..." */

CONVRELAY_FAMILY("limits_total", "limit",
                 "How often a limit of a call was reached.")
CONVRELAY_SERIES(LIMIT_FRAME_RATE,      "frame_rate")
CONVRELAY_SERIES(LIMIT_TURN_RATE,       "turn_rate")
CONVRELAY_SERIES(LIMIT_MESSAGE_SIZE,    "message_size")
CONVRELAY_SERIES(LIMIT_OUTPUT_SIZE,     "output_size")
CONVRELAY_SERIES(LIMIT_ANSWER_SIZE,     "answer_size")
CONVRELAY_SERIES(LIMIT_ANSWER_TIME,     "answer_time")
CONVRELAY_SERIES(LIMIT_RESPONSE_SIZE,   "response_size")
CONVRELAY_SERIES(LIMIT_CALL_TIME,       "call_time")
CONVRELAY_SERIES(LIMIT_IDLE_TIME,       "idle_time")
CONVRELAY_SERIES(LIMIT_TOOL_ROUNDS,     "tool_rounds")
CONVRELAY_SERIES(LIMIT_HISTORY_SIZE,    "history_size")
CONVRELAY_SERIES(LIMIT_HISTORY_MESSAGES, "history_messages")

CONVRELAY_FAMILY("twilio_errors_total", "code",
                 "Errors that Twilio reported on the socket or after a "
                 "session, by code.")
CONVRELAY_SERIES(TWILIO_64101,          "64101")
CONVRELAY_SERIES(TWILIO_64102,          "64102")
CONVRELAY_SERIES(TWILIO_64104,          "64104")
CONVRELAY_SERIES(TWILIO_64105,          "64105")
CONVRELAY_SERIES(TWILIO_64106,          "64106")
CONVRELAY_SERIES(TWILIO_64107,          "64107")
CONVRELAY_SERIES(TWILIO_64109,          "64109")
CONVRELAY_SERIES(TWILIO_64110,          "64110")
CONVRELAY_SERIES(TWILIO_OTHER,          "other")

/* counted for each LLM of a location, from CONVRELAY_METRIC_LLM on */

CONVRELAY_FAMILY("llm_requests_total", "connection",
                 "Requests to the LLM, by the connection used; none means a "
                 "handler without an upstream.")
CONVRELAY_SERIES(LLM_NEW,               "new")
CONVRELAY_SERIES(LLM_KEPT,              "kept")
CONVRELAY_SERIES(LLM_NONE,              "none")

CONVRELAY_HISTOGRAM(LLM_FIRST_BYTE, seconds, "llm_first_byte_seconds",
                 "Time from a request to the LLM to the header of its "
                 "response.")

CONVRELAY_HISTOGRAM(LLM_SECONDS, seconds, "llm_seconds",
                 "Time from a request to the LLM to the end of its answer, of "
                 "its failure, or of the turn that no longer wants it.")

CONVRELAY_FAMILY("llm_failures_total", "kind",
                 "Requests to the LLM that failed, by kind.")
CONVRELAY_SERIES(LLM_CONNECT,           "connect")
CONVRELAY_SERIES(LLM_TIMEOUT,           "timeout")
CONVRELAY_SERIES(LLM_TOO_SLOW,          "too_slow")
CONVRELAY_SERIES(LLM_KEY,               "key")
CONVRELAY_SERIES(LLM_RATE,              "rate")
CONVRELAY_SERIES(LLM_REJECTED,          "rejected")
CONVRELAY_SERIES(LLM_STATUS_4XX,        "status_4xx")
CONVRELAY_SERIES(LLM_STATUS_5XX,        "status_5xx")
CONVRELAY_SERIES(LLM_STREAM,            "stream")
CONVRELAY_SERIES(LLM_TRUNCATED,         "truncated")
CONVRELAY_SERIES(LLM_EMPTY,             "empty")
CONVRELAY_SERIES(LLM_ENCODED,           "encoded")
CONVRELAY_SERIES(LLM_TOO_LARGE,         "too_large")
CONVRELAY_SERIES(LLM_OTHER,             "other")

CONVRELAY_FAMILY("llm_tokens_total", "type",
                 "Tokens that the LLM reported as used; cached ones are part "
                 "of the input.")
CONVRELAY_SERIES(LLM_INPUT,             "input")
CONVRELAY_SERIES(LLM_OUTPUT,            "output")
CONVRELAY_SERIES(LLM_CACHED,            "cached")
