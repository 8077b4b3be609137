
/*
 * Copyright (C) convrelay contributors
 *
 * Each answer is read whole, one byte per read, and in pieces of random
 * lengths; every piece is unmapped when its read is over.  Each is read again
 * with each allocation of it failing.
 */


#include "convrelay_llm_api.h"
#include "convrelay_redact.h"
#include "heap.h"
#include "tap.h"


#define CHUNK(rest)  "data: {\"id\":\"c\",\"object\":"                       \
                     "\"chat.completion.chunk\",\"choices\":[" rest "]}\n\n"
#define DELTA(rest)  CHUNK("{\"index\":0,\"delta\":{" rest "},"              \
                           "\"finish_reason\":null}")
#define TEXT(text)   DELTA("\"content\":\"" text "\"")
#define FINISH(f)    CHUNK("{\"index\":0,\"delta\":{},"                      \
                           "\"finish_reason\":\"" f "\"}")
#define STOP         FINISH("stop")
#define DONE         "data: [DONE]\n\n"
#define FFFD         "\xef\xbf\xbd"
#define SMILE        "\xf0\x9f\x98\x80"

#define USAGE        "\"usage\":{\"prompt_tokens\":48,"                      \
                     "\"completion_tokens\":6,\"prompt_tokens_details\":"    \
                     "{\"cached_tokens\":32}}"

#define NORMAL                                                               \
    DELTA("\"role\":\"assistant\",\"content\":\"\",\"refusal\":null")        \
    TEXT("Yes") TEXT(", until four.") STOP                                   \
    "data: {\"choices\":[]," USAGE "}\n\n" DONE

#define NORMAL_TEXT  "Yes, until four."

#define COMPLETION(message)                                                  \
    "{\"object\":\"chat.completion\",\"choices\":[{\"index\":0,"             \
    "\"message\":{\"role\":\"assistant\"," message "},"                      \
    "\"finish_reason\":\"stop\"}]," USAGE "}"

#define ONES                                                                 \
    "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"     \
    "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"

#define D5           "{\"x\":{\"x\":{\"x\":{\"x\":{\"x\":"
#define E5           "}}}}}"


typedef struct {
    const char               *name;
    const char               *input;
    const char               *text;
    convrelay_llm_outcome_e   outcome;
    const char               *code;        /* of the error */
    const char               *message;
    convrelay_llm_finish_e    finish;
    unsigned                  status;      /* 0: 200 */
    unsigned                  dirty:1;     /* the transport broke */
    unsigned                  usage:1;
    unsigned                  refusal:1;
    unsigned                  tools:1;
} test_llm_t;


static void test_run(const test_llm_t *t, unsigned step);
static size_t test_read(const test_llm_t *t, convrelay_llm_stream_t *s,
    u_char *out, unsigned step);
static void test_without_memory(const test_llm_t *t, unsigned step);
static size_t test_step(unsigned step, size_t left);
static void test_check(const test_llm_t *t, convrelay_llm_stream_t *s,
    const char *text, size_t len, unsigned step);
static void test_line_ends(void);
static void test_limits(void);
static void test_usage(void);
static void test_status(void);
static void test_error_body_limit(void);
static void test_borrowed(void);
static void test_finished(void);
static void test_why(void);
static void test_redact(void);


static const test_llm_t  tests[] = {

    /* numbers are those of the list of vectors the reader was written to */

    { .name = "1: a normal stream", .input = NORMAL, .text = NORMAL_TEXT,
      .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1 },

    { .name = "2: a byte order mark", .input = "\xef\xbb\xbf" NORMAL,
      .text = NORMAL_TEXT, .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1 },

    { .name = "2: a mark before the first text",
      .input = "\xef\xbb\xbf" TEXT("a") TEXT("b") DONE, .text = "ab" },

    { .name = "2: a mark before a document",
      .input = "\xef\xbb\xbf" COMPLETION("\"content\":\"a\""),
      .text = "a", .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1 },

    { .name = "2: half a mark before a document",
      .input = "\xef\xbb" COMPLETION("\"content\":\"a\""),
      .text = "", .outcome = CONVRELAY_LLM_FAILED },

    { .name = "2: a blank and a mark, which is none",
      .input = "\n\xef\xbb\xbf" TEXT("a") TEXT("b") DONE, .text = "b" },

    { .name = "2: half a mark", .input = "\xef\xbb" TEXT("a") TEXT("b") DONE,
      .text = "b" },

    { .name = "3: comments",
      .input = ":\n\n: PROCESSING\n\n" TEXT("a") ": x\n\n" TEXT("b") STOP
               DONE,
      .text = "ab", .finish = CONVRELAY_LLM_FINISH_STOP },

    { .name = "4: no space, two lines",
      .input = "data:{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
               "data: {\"choices\":[{\"delta\":\n"
               "data: {\"content\":\"b\"}}]}\n\n" DONE,
      .text = "ab" },

    { .name = "5: nothing happens",
      .input = "event: ping\n\nid: 7\nretry: 10x\nfoo\n\ndata\n\n\n\n"
               "data:   \n\n" TEXT("a") DONE,
      .text = "a" },

    { .name = "6: Azure's annotations",
      .input = "data: {\"id\":\"\",\"choices\":[],\"prompt_filter_results\":"
               "[{\"prompt_index\":0}],\"usage\":null}\n\n"
               TEXT("a")
               CHUNK("{\"index\":0,\"finish_reason\":null,"
                     "\"content_filter_results\":{}}")
               STOP
               CHUNK("{\"index\":0,\"finish_reason\":null}") DONE,
      .text = "a", .finish = CONVRELAY_LLM_FINISH_STOP },

    { .name = "7: Azure's asynchronous filter",
      .input = TEXT("a") CHUNK("{\"index\":0,"
                               "\"finish_reason\":\"content_filter\"}") DONE,
      .text = "a", .outcome = CONVRELAY_LLM_FAILED,
      .code = "content_filter",
      .finish = CONVRELAY_LLM_FINISH_CONTENT_FILTER },

    { .name = "8: a surrogate pair", .input = TEXT("\\ud83d\\ude00") DONE,
      .text = SMILE },
    { .name = "8: over two events",
      .input = TEXT("a\\ud83d") TEXT("") TEXT("\\ude00b") DONE,
      .text = "a" SMILE "b" },
    { .name = "8: over two events, the first of its block",
      .input = TEXT("\\ud83d") TEXT("\\udc00") DONE,
      .text = "\xf0\x9f\x90\x80" },
    { .name = "8: over two events, the first and the last of all",
      .input = TEXT("\\ud800") TEXT("\\udc00 ") TEXT("\\udbff")
               TEXT("\\udfff") DONE,
      .text = "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf" },
    { .name = "8: a lone high one, then another letter",
      .input = TEXT("\\ud83d") TEXT("\u00f1andu") DONE,
      .text = FFFD "\u00f1andu" },
    { .name = "8: a lone high one, then what is just below",
      .input = TEXT("\\ud83d") TEXT("\xed\x9f\xbf.") DONE,
      .text = FFFD "\xed\x9f\xbf." },
    { .name = "8: lone low ones at the ends of two events",
      .input = TEXT("a\\udc00") TEXT("\\udc01b") DONE,
      .text = "a" FFFD FFFD "b" },
    { .name = "8: a pair and nothing else",
      .input = TEXT("\\ud83d") TEXT("\\ude00") STOP,
      .text = SMILE, .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "8: two pairs over three events",
      .input = TEXT("\\ud83d") TEXT("\\ude00\\ud83d") TEXT("\\ude00") DONE,
      .text = SMILE SMILE },
    { .name = "8: a lone high one", .input = TEXT("\\ud83dx") DONE,
      .text = FFFD "x" },
    { .name = "8: a lone low one", .input = TEXT("x\\ude00") DONE,
      .text = "x" FFFD },
    { .name = "8: two low ones", .input = TEXT("x\\ude00") TEXT("\\ude00")
      DONE, .text = "x" FFFD FFFD },
    { .name = "8: a high one and no low one",
      .input = TEXT("a\\ud83d") TEXT("\\ud83d") TEXT("b") DONE,
      .text = "a" FFFD FFFD "b" },
    { .name = "8: a high one at the end", .input = TEXT("a\\ud83d") DONE,
      .text = "a" FFFD },
    { .name = "8: and the end of the body", .input = TEXT("\\ud83d") STOP,
      .text = FFFD, .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "8: invalid UTF-8", .input = TEXT("a\xf0\x9f\x98") DONE,
      .text = "a" FFFD },
    { .name = "8: raw surrogates are not a pair",
      .input = TEXT("\xed\xa0\xbd") TEXT("\xed\xb8\x80") DONE,
      .text = FFFD FFFD FFFD FFFD FFFD FFFD },
    { .name = "8: a NUL", .input = TEXT("a\\u0000b") DONE, .text = "ab" },
    { .name = "8: only a NUL", .input = TEXT("\\u0000") DONE, .text = "",
      .outcome = CONVRELAY_LLM_EMPTY },
    { .name = "8: Hangul is not a surrogate",
      .input = TEXT("\xed\x95\x9c\xed\x9e\xa3") DONE,
      .text = "\xed\x95\x9c\xed\x9e\xa3" },

    { .name = "9: escapes",
      .input = TEXT("\\n\\\"\\\\\\/\xe2\x80\xa8") DONE,
      .text = "\n\"\\/\xe2\x80\xa8" },

    { .name = "10: no [DONE]", .input = TEXT("a") STOP, .text = "a",
      .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "10: a reset after the finish", .input = TEXT("a") STOP,
      .text = "a", .finish = CONVRELAY_LLM_FINISH_STOP, .dirty = 1 },

    { .name = "11: the end in mid-text", .input = TEXT("a") TEXT("b"),
      .text = "ab", .outcome = CONVRELAY_LLM_TRUNCATED },
    { .name = "11: in mid-event", .input = TEXT("a") "data: {\"choices\":[{",
      .text = "a", .outcome = CONVRELAY_LLM_TRUNCATED },
    { .name = "11: before any event", .input = ": x\n\n", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .code = "no_answer" },
    { .name = "11: a document without choices", .input = "{\"a\":1}",
      .text = "", .outcome = CONVRELAY_LLM_FAILED },

    { .name = "11: an answer that is the beginning of a tag",
      .input = TEXT("<") DONE, .text = "<" },
    { .name = "11: ... and its transport ends",
      .input = TEXT("<thi"), .text = "<thi",
      .outcome = CONVRELAY_LLM_TRUNCATED },

    { .name = "11: an empty error beside choices",
      .input = "data: {\"error\":\"\",\"choices\":[{\"delta\":"
               "{\"content\":\"a\"}}]}\n\n" DONE, .text = "a" },

    { .name = "11: no body", .input = "", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .code = "no_answer" },
    { .name = "11: a role and no word",
      .input = DELTA("\"role\":\"assistant\",\"content\":\"\""), .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .code = "no_answer" },
    { .name = "11: a reset", .input = TEXT("a") "data: {\"cho", .text = "a",
      .outcome = CONVRELAY_LLM_FAILED, .dirty = 1 },

    { .name = "12: [DONE] and the end", .input = TEXT("a") "data: [DONE]",
      .text = "a" },
    { .name = "12: with its line end", .input = TEXT("a") "data: [DONE]\n",
      .text = "a" },
    { .name = "12: with blanks", .input = TEXT("a") "data:  [DONE] \r\n\r\n",
      .text = "a" },
    { .name = "12: with more", .input = TEXT("a") "data: [DONE]x\n\n",
      .text = "a", .outcome = CONVRELAY_LLM_FAILED, .code = "bad_answer" },
    { .name = "12: an event without its blank line",
      .input = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},"
               "\"finish_reason\":\"stop\"}]}",
      .text = "a", .finish = CONVRELAY_LLM_FINISH_STOP },

    { .name = "13: bytes after [DONE]",
      .input = TEXT("a") DONE TEXT("b") "data: x\n\n", .text = "a" },
    { .name = "13: nothing but [DONE]", .input = DONE, .text = "",
      .outcome = CONVRELAY_LLM_EMPTY },
    { .name = "13: a finish and no word", .input = FINISH("length"),
      .text = "", .outcome = CONVRELAY_LLM_EMPTY,
      .finish = CONVRELAY_LLM_FINISH_LENGTH },
    { .name = "13: blanks are not words", .input = TEXT(" \\n") DONE,
      .text = " \n", .outcome = CONVRELAY_LLM_EMPTY },

    { .name = "14: vLLM's error",
      .input = TEXT("a") "data: {\"error\":{\"message\":\"boom\","
               "\"type\":\"X\",\"param\":null,\"code\":500}}\n\n" DONE,
      .text = "a", .outcome = CONVRELAY_LLM_FAILED, .code = "500",
      .message = "boom" },
    { .name = "14: with a byte that is not UTF-8",
      .input = TEXT("a") "data: {\"error\":{\"message\":\"caf\xe9 x\"}}\n\n",
      .text = "a", .outcome = CONVRELAY_LLM_FAILED, .code = "",
      .message = "caf? x" },
    { .name = "14: its older one",
      .input = TEXT("a") "data: {\"object\":\"error\",\"message\":\"boom\","
               "\"code\":40303}\n\n" DONE,
      .text = "a", .outcome = CONVRELAY_LLM_FAILED, .code = "40303",
      .message = "boom" },
    { .name = "14: an error that is a string",
      .input = "data: {\"error\":\"boom\"}\n\n", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .code = "", .message = "boom" },
    { .name = "14: no error",
      .input = "data: {\"error\":null,\"choices\":[{\"delta\":"
               "{\"content\":\"a\"}}]}\n\n" DONE,
      .text = "a" },

    { .name = "15: OpenRouter's error",
      .input = TEXT("a")
               "data: {\"error\":{\"code\":502,\"message\":\"gone\"},"
               "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},"
               "\"finish_reason\":\"error\"}]}\n\n",
      .text = "ax", .outcome = CONVRELAY_LLM_FAILED, .code = "502",
      .message = "gone", .finish = CONVRELAY_LLM_FINISH_ERROR },
    { .name = "15: with a string",
      .input = "data: {\"error\":{\"code\":\"server_error\",\"message\":"
               "\"gone\"},\"choices\":[]}\n\n",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "server_error",
      .message = "gone" },
    { .name = "15: a finish that is an error",
      .input = TEXT("a") FINISH("error") DONE, .text = "a",
      .outcome = CONVRELAY_LLM_FAILED, .code = "error",
      .finish = CONVRELAY_LLM_FINISH_ERROR },
    { .name = "15: DeepSeek's",
      .input = FINISH("insufficient_system_resource"), .text = "",
      .outcome = CONVRELAY_LLM_FAILED,
      .code = "insufficient_system_resource",
      .finish = CONVRELAY_LLM_FINISH_ERROR },

    { .name = "16: Groq's error",
      .input = "event: error\ndata: {\"error\":{\"message\":\"m\","
               "\"type\":\"t\",\"code\":\"tool_use_failed\"}}\n\n",
      .text = "", .outcome = CONVRELAY_LLM_FAILED,
      .code = "tool_use_failed", .message = "m" },
    { .name = "16: without the key",
      .input = "event: error\ndata: {\"message\":\"m\"}\n\n", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .message = "m" },
    { .name = "16: in plain text",
      .input = TEXT("a") "event: error\ndata: overloaded\n\n", .text = "a",
      .outcome = CONVRELAY_LLM_FAILED, .message = "overloaded" },
    { .name = "16: with an answer in it",
      .input = "event: error\ndata: {\"choices\":[{\"delta\":"
               "{\"content\":\"My PIN is 1234.\"}}]}\n\n",
      .text = "", .outcome = CONVRELAY_LLM_FAILED,
      .message = "is an error without a message" },

    { .name = "17: Ollama's lost error", .input = TEXT("a") TEXT(""),
      .text = "a", .outcome = CONVRELAY_LLM_TRUNCATED },

    { .name = "18: an error document",
      .input = "{\"error\":{\"message\":\"m\",\"code\":null}}", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .code = "", .message = "m" },
    { .name = "18: in an array",
      .input = "[{\"error\":{\"code\":429,\"message\":\"m\","
               "\"status\":\"RESOURCE_EXHAUSTED\"}}]\n",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "429",
      .message = "m" },
    { .name = "18: HTML", .input = " <!DOCTYPE html>\n<html>", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .code = "html_page",
      .message = "is an HTML page, not an answer" },
    { .name = "18: another document", .input = "{\"detail\":\"x\"}",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "bad_answer",
      .message = "is JSON without \"choices\"" },
    { .name = "18: what it says is not told",
      .input = "{\"code\":\"c\",\"message\":\"My PIN is 1234.\"}",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "bad_answer",
      .message = "is JSON without \"choices\"" },
    { .name = "18: an error without a message",
      .input = "{\"error\":{\"code\":7},\"output\":\"My PIN is 1234.\"}",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "7",
      .message = "is an error without a message" },
    { .name = "18: vLLM's older one",
      .input = "{\"object\":\"error\",\"message\":\"m\",\"code\":400}",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "400",
      .message = "m" },
    { .name = "18: an empty array", .input = "[]", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .code = "bad_answer",
      .message = "is JSON without \"choices\"" },
    { .name = "18: half a document",
      .input = "{\"choices\":[{\"message\":{\"content\":\"a\"}}", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .code = "bad_answer" },
    { .name = "18: text", .input = "My PIN is 1234.", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .code = "no_answer",
      .message = "ended before its first word" },

    { .name = "19: a whole completion",
      .input = COMPLETION("\"content\":\"Hello.\""), .text = "Hello.",
      .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1 },
    { .name = "19: blank lines and [DONE]",
      .input = "\n\r\n \n" COMPLETION("\"content\":\"Hello.\"")
               "\n\ndata: [DONE]\n\n",
      .text = "Hello.", .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1 },
    { .name = "19: a mark",
      .input = "\xef\xbb\xbf" COMPLETION("\"content\":\"Hello.\""),
      .text = "Hello.", .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1 },
    { .name = "19: content in parts",
      .input = COMPLETION("\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
                          "{\"type\":\"thinking\",\"text\":\"x\"},{},7,"
                          "{\"type\":\"text\",\"text\":\"b\"},"
                          "{\"text\":\"c\"}]"),
      .text = "abc", .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1 },
    { .name = "19: content in parts, in deltas",
      .input = DELTA("\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
                     "{\"type\":\"thinking\",\"thinking\":[]}]")
               DELTA("\"content\":[]")
               DELTA("\"content\":[{\"type\":\"text\",\"text\":\"b\"},"
                     "{\"type\":\"text\",\"text\":\"c\"}]") STOP DONE,
      .text = "abc", .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "19: a lone surrogate at its end",
      .input = COMPLETION("\"content\":\"a\\ud83d\""), .text = "a" FFFD,
      .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1 },
    { .name = "19: two documents",
      .input = "{\"choices\":[]}\n{\"choices\":[]}", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .code = "bad_answer" },
    { .name = "19: no choice", .input = "{\"choices\":[]}", .text = "",
      .outcome = CONVRELAY_LLM_EMPTY },
    { .name = "19: a refusal",
      .input = COMPLETION("\"content\":null,\"refusal\":\"No.\""),
      .text = "No.", .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1,
      .refusal = 1 },

    { .name = "20: tool calls",
      .input = DELTA("\"content\":null,\"tool_calls\":[{\"index\":0,"
                     "\"id\":\"c\"}]") FINISH("tool_calls") DONE,
      .text = "", .outcome = CONVRELAY_LLM_EMPTY,
      .finish = CONVRELAY_LLM_FINISH_TOOL_CALLS, .tools = 1 },
    { .name = "20: none of them",
      .input = DELTA("\"content\":\"a\",\"tool_calls\":[]") DONE,
      .text = "a" },
    { .name = "21: text and tool calls",
      .input = TEXT("One moment.")
               DELTA("\"tool_calls\":[{\"id\":\"c\"}]") STOP DONE,
      .text = "One moment.", .finish = CONVRELAY_LLM_FINISH_STOP,
      .tools = 1 },
    { .name = "21: the old form",
      .input = DELTA("\"function_call\":{\"name\":\"f\"}")
               FINISH("function_call") DONE,
      .text = "", .outcome = CONVRELAY_LLM_EMPTY,
      .finish = CONVRELAY_LLM_FINISH_TOOL_CALLS, .tools = 1 },

    { .name = "23: a finish that comes twice",
      .input = TEXT("a") FINISH("length") STOP FINISH("error") DONE,
      .text = "a", .finish = CONVRELAY_LLM_FINISH_LENGTH },
    { .name = "23: text and finish in one chunk",
      .input = CHUNK("{\"index\":0,\"delta\":{\"content\":\"a\"},"
                     "\"finish_reason\":\"end_turn\"}"),
      .text = "a", .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "23: an empty finish is none",
      .input = CHUNK("{\"delta\":{\"content\":\"a\"},"
                     "\"finish_reason\":\"\"}"),
      .text = "a", .outcome = CONVRELAY_LLM_TRUNCATED },

    { .name = "24: reasoning",
      .input = DELTA("\"reasoning\":\"x\"") DELTA("\"reasoning_content\":"
               "\"x\",\"content\":null")
               DELTA("\"reasoning_details\":[{\"text\":\"x\"}]") TEXT("a")
               DONE,
      .text = "a" },
    { .name = "24: tags",
      .input = TEXT("<think>x</think>") TEXT("\\n\\n") TEXT("a") DONE,
      .text = "a" },
    { .name = "24: in one delta",
      .input = TEXT("\\n<think>x <b></thin</think>\\na") TEXT(" b") DONE,
      .text = "a b" },
    { .name = "24: split",
      .input = TEXT("<") TEXT("thi") TEXT("nk>x<") TEXT("/think") TEXT(">")
               TEXT(" a") TEXT(" b") DONE,
      .text = "a b" },
    { .name = "24: not quite",
      .input = TEXT("<") TEXT("thi") TEXT("s> a") DONE, .text = "<this> a" },
    { .name = "24: not at all", .input = TEXT("<b>a") DONE,
      .text = "<b>a" },
    { .name = "24: held to the end", .input = TEXT(" <thi") DONE,
      .text = " <thi" },
    { .name = "24: held to the end of the body", .input = TEXT("<thi") STOP,
      .text = "<thi", .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "24: held, and half a pair",
      .input = TEXT("<thi\\ud83d") TEXT("\\ude00") TEXT("<thi\\ud83d") DONE,
      .text = "<thi" SMILE "<thi" FFFD },
    { .name = "24: held, and half a pair to the end",
      .input = TEXT("<thi\\ud83d") DONE, .text = "<thi" FFFD },
    { .name = "24: in the middle",
      .input = TEXT("a <think>b</think>") DONE,
      .text = "a <think>b</think>" },
    { .name = "24: a second time",
      .input = TEXT("<think></think>a") TEXT("<think>b") DONE,
      .text = "a<think>b" },
    { .name = "24: never closed",
      .input = TEXT("<think>a </thinking b\\ud83d") DONE, .text = "",
      .outcome = CONVRELAY_LLM_EMPTY },

    { .name = "25: usage on the last chunk",
      .input = TEXT("a") "data: {\"choices\":[{\"delta\":{},"
               "\"finish_reason\":\"stop\"}]," USAGE "}\n\n"
               "data: {\"choices\":[],\"usage\":null}\n\n" DONE,
      .text = "a", .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1 },
    { .name = "25: usage on every chunk",
      .input = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,"
               "\"completion_tokens\":1e300}}\n\n"
               TEXT("a") "data: {\"choices\":[]," USAGE "}\n\n" DONE,
      .text = "a", .usage = 1 },
    { .name = "25: numbers that are none",
      .input = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":-5,"
               "\"completion_tokens\":1e300,\"prompt_tokens_details\":"
               "{\"cached_tokens\":\"7\"}}}\n\n" TEXT("a") DONE,
      .text = "a" },
    { .name = "25: DeepSeek's names",
      .input = TEXT("a") "data: {\"choices\":[],\"usage\":"
               "{\"prompt_tokens\":48,\"completion_tokens\":6,"
               "\"prompt_cache_hit_tokens\":32}}\n\n" DONE,
      .text = "a", .usage = 1 },

    { .name = "28: other choices",
      .input = CHUNK("{\"index\":1,\"delta\":{\"content\":\"x\"},"
                     "\"finish_reason\":\"error\"}")
               CHUNK("{\"index\":1,\"delta\":{\"content\":\"x\"}},"
                     "{\"index\":0,\"delta\":{\"content\":\"a\"}}")
               CHUNK("7,null,{\"delta\":{\"content\":\"b\"}}") DONE,
      .text = "ab" },
    { .name = "28: wrong types",
      .input = "data: {\"choices\":{}}\n\n" CHUNK("{\"delta\":null}")
               CHUNK("{\"delta\":7}") DELTA("\"content\":7")
               DELTA("\"content\":{\"text\":\"x\"}")
               CHUNK("{\"delta\":{},\"finish_reason\":7}")
               TEXT("a") DONE,
      .text = "a" },
    { .name = "shape: code and message",
      .input = "data: {\"code\":500,\"message\":\"boom\"}\n\n" DONE,
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "500",
      .message = "boom" },
    { .name = "shape: no [DONE] after it",
      .input = "data: {\"status\":503,\"msg\":\"boom\"}\n\n", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .message = "boom" },
    { .name = "shape: detail",
      .input = "data: {\"detail\":\"No key\"}\n\n" DONE,
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .message = "No key" },
    { .name = "shape: an empty name in its place",
      .input = "data: {\"code\":422,\"detail\":[{\"msg\":\"boom\","
               "\"loc\":[\"a\",\"\",1]}]}\n\n" DONE,
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "422",
      .message = "boom: a..1" },
    { .name = "shape: the type is error",
      .input = TEXT("a") "data: {\"type\":\"error\",\"message\":\"boom\"}\n\n"
               TEXT("b") DONE,
      .text = "a", .outcome = CONVRELAY_LLM_FAILED, .message = "boom" },
    { .name = "shape: error_message, and choices are null",
      .input = "data: {\"choices\":null,\"error_type\":\"x\","
               "\"error_message\":\"boom\"}\n\n" DONE,
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .message = "boom" },
    { .name = "shape: an error body of one byte",
      .input = "x", .text = "", .status = 500,
      .outcome = CONVRELAY_LLM_FAILED, .message = "x" },

    { .name = "shape: an error body with much in it",
      .input = "{\"error\":{\"message\":\"m\",\"a\":[" ONES ONES ONES
               "1]}}", .text = "", .status = 500,
      .outcome = CONVRELAY_LLM_FAILED, .message = "m" },

    { .name = "shape: a document with something else after it",
      .input = COMPLETION("\"content\":\"a\"") "\n\ndata: [DOME]\n\n",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "bad_answer" },

    { .name = "shape: a code without a message is none",
      .input = "data: {\"code\":500}\n\n" TEXT("a") DONE, .text = "a",
      .outcome = CONVRELAY_LLM_COMPLETE },

    { .name = "shape: nor is one below 400",
      .input = "data: {\"code\":399,\"message\":\"m\"}\n\n" TEXT("a") DONE,
      .text = "a", .outcome = CONVRELAY_LLM_COMPLETE },

    { .name = "shape: after words that nothing finishes",
      .input = TEXT("a") "data: {\"code\":500,\"message\":\"boom\"}\n\n" DONE,
      .text = "a", .outcome = CONVRELAY_LLM_FAILED, .message = "boom" },
    { .name = "shape: in an answer that is finished",
      .input = TEXT("a") "data: {\"code\":429,\"message\":\"slow\"}\n\n"
               TEXT("b") STOP DONE,
      .text = "ab", .finish = CONVRELAY_LLM_FINISH_STOP,
      .message = "slow" },
    { .name = "shape: the first of two",
      .input = "data: {\"detail\":\"one\"}\n\ndata: {\"detail\":\"two\"}\n\n",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .message = "one" },
    { .name = "shape: an error of the usual shape after it",
      .input = "data: {\"detail\":\"one\"}\n\n"
               "data: {\"error\":{\"message\":\"two\"}}\n\n",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .message = "two" },
    { .name = "shape: a message alone may be what was to be spoken",
      .input = "data: {\"message\":\"My PIN is 1234.\"}\n\n"
               "data: {\"code\":200,\"message\":\"My PIN is 1234.\"}\n\n",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "no_answer" },

    { .name = "halves: two bytes",
      .input = TEXT("Caf\xc3") TEXT("\xa9 is.") DONE,
      .text = "Caf\xc3\xa9 is." },
    { .name = "halves: four bytes, cut after one",
      .input = TEXT("Hi \xf0") TEXT("\x9f\x98\x80.") DONE,
      .text = "Hi " SMILE "." },
    { .name = "halves: after three",
      .input = TEXT("\xf0\x9f\x98") TEXT("\x80") DONE, .text = SMILE },
    { .name = "halves: a byte each",
      .input = TEXT("\xe4") TEXT("\xbd") TEXT("\xa0\xe5") TEXT("\xa5\xbd")
               STOP DONE,
      .text = "\xe4\xbd\xa0\xe5\xa5\xbd",
      .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "halves: an event without text between",
      .input = TEXT("\xe4\xbd") DELTA("\"content\":\"\"") "data: null\n\n"
               TEXT("\xa0") DONE,
      .text = "\xe4\xbd\xa0" },
    { .name = "halves: the rest never comes", .input = TEXT("a\xe4\xbd") DONE,
      .text = "a" FFFD },
    { .name = "halves: nor at the end of the body",
      .input = TEXT("a\xc3") STOP, .text = "a" FFFD,
      .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "halves: another text comes",
      .input = TEXT("a\xe4\xbd") TEXT("b") TEXT("\xa0" "c") DONE,
      .text = "a" FFFD "b" FFFD "c" },
    { .name = "halves: another character comes",
      .input = TEXT("a\xe4\xbd") TEXT("\xc3\xa9") DONE,
      .text = "a" FFFD "\xc3\xa9" },
    { .name = "halves: another half comes",
      .input = TEXT("a\xe4\xbd") TEXT("\xc3") TEXT("\xa9") DONE,
      .text = "a" FFFD "\xc3\xa9" },
    { .name = "halves: of a pair, then of bytes",
      .input = TEXT("\\ud83d") TEXT("x\xc3") TEXT("\xa9") DONE,
      .text = FFFD "x\xc3\xa9" },
    { .name = "halves: a pair whose half is like a byte",
      .input = TEXT("\\ud83d") TEXT("\\udc80") DONE,
      .text = "\xf0\x9f\x92\x80" },
    { .name = "halves: in parts",
      .input = DELTA("\"content\":[{\"text\":\"\xe4\xbd\"},"
                     "{\"text\":\"\xa0\"}]") DONE,
      .text = "\xe4\xbd\xa0" },
    { .name = "halves: in the middle of a text",
      .input = TEXT("a\xe4\xbd b\xa0" "c\xff") TEXT("\xa0") DONE,
      .text = "a" FFFD " b" FFFD "c" FFFD FFFD },
    { .name = "halves: after an escaped quote",
      .input = TEXT("\\\"\xa0") DONE, .text = "\"" FFFD },
    { .name = "halves: Hangul, whose first byte is like theirs",
      .input = TEXT("\xed\x95\x9c\xed") TEXT("\x95\x9c") DONE,
      .text = "\xed\x95\x9c\xed\x95\x9c" },
    { .name = "halves: thought is not spoken, what follows is",
      .input = TEXT("<think>\xe4\xbd") TEXT("\xa0</think>\xc3") TEXT("\xa9")
               DONE,
      .text = "\xc3\xa9" },

    { .name = "28: events that are not objects",
      .input = "data: null\n\n" TEXT("a") "data: \"\"\n\ndata: []\n\n"
               "data: ping\n\nevent: ping\ndata: ping\n\ndata: 7\n\n"
               "data: [null]\n\n" TEXT("b") STOP DONE,
      .text = "ab", .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "28: nothing else", .input = "data: null\n\ndata: ping\n\n",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "bad_answer" },
    { .name = "28: half an object", .input = TEXT("a") "data: {\"a\n\n" DONE,
      .text = "a", .outcome = CONVRELAY_LLM_FAILED, .code = "bad_answer" },
    { .name = "28: half an array", .input = TEXT("a") "data: [1\n\n" DONE,
      .text = "a", .outcome = CONVRELAY_LLM_FAILED, .code = "bad_answer" },

    { .name = "whole: after its pieces",
      .input = TEXT("He") TEXT("llo.") STOP
               "data: " COMPLETION("\"content\":\"Hello.\"") "\n\n" DONE,
      .text = "Hello.", .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1 },
    { .name = "whole: it finishes, delta is null",
      .input = TEXT("Hello.")
               CHUNK("{\"index\":0,\"delta\":null,\"message\":{\"content\":"
                     "\"Hello.\"},\"finish_reason\":\"stop\"}") DONE,
      .text = "Hello.", .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "whole: beside each piece",
      .input = CHUNK("{\"delta\":{\"content\":\"He\"},\"message\":"
                     "{\"content\":\"He\"}}")
               CHUNK("{\"delta\":{\"content\":\"llo\"},\"message\":"
                     "{\"content\":\"Hello\"}}") STOP DONE,
      .text = "Hello", .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "whole: the only one, after a delta without text",
      .input = DELTA("\"role\":\"assistant\",\"content\":\"\"")
               "data: " COMPLETION("\"content\":\"Hello.\"") "\n\n" DONE,
      .text = "Hello.", .finish = CONVRELAY_LLM_FINISH_STOP, .usage = 1 },

    { .name = "filter: words, and the answer fails",
      .input = CHUNK("{\"delta\":{\"content\":\"a\"},\"finish_reason\":"
                     "\"content_filter\"}") DONE,
      .text = "a", .outcome = CONVRELAY_LLM_FAILED, .code = "content_filter",
      .finish = CONVRELAY_LLM_FINISH_CONTENT_FILTER },
    { .name = "filter: a refusal in a chunk",
      .input = CHUNK("{\"delta\":{\"refusal\":\"No.\"},\"finish_reason\":"
                     "\"content_filter\"}") DONE,
      .text = "No.", .finish = CONVRELAY_LLM_FINISH_CONTENT_FILTER,
      .refusal = 1 },
    { .name = "filter: a refusal in a document",
      .input = "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":"
               "\"No.\"},\"finish_reason\":\"content_filter\"}]}",
      .text = "No.", .finish = CONVRELAY_LLM_FINISH_CONTENT_FILTER,
      .refusal = 1 },
    { .name = "filter: words in a document",
      .input = "{\"choices\":[{\"message\":{\"content\":\"a\"},"
               "\"finish_reason\":\"content_filter\"}]}",
      .text = "a", .outcome = CONVRELAY_LLM_FAILED, .code = "content_filter",
      .finish = CONVRELAY_LLM_FINISH_CONTENT_FILTER },
    { .name = "broken off: words of the last chunk",
      .input = CHUNK("{\"delta\":{\"content\":\"a\"},\"finish_reason\":"
                     "\"insufficient_system_resource\"}"),
      .text = "a", .outcome = CONVRELAY_LLM_FAILED,
      .code = "insufficient_system_resource",
      .finish = CONVRELAY_LLM_FINISH_ERROR },

    { .name = "an error as a field",
      .input = TEXT("a") "error: {\"error\":{\"message\":\"m\",\"code\":500}}"
               "\n\n",
      .text = "a", .outcome = CONVRELAY_LLM_FAILED, .code = "500",
      .message = "m" },

    { .name = "29: a key is redacted",
      .input = "{\"error\":{\"message\":\"Incorrect API key provided: "
               "sk-proj-***wxyz. You can find it.\",\"type\":"
               "\"invalid_request_error\",\"param\":null,"
               "\"code\":\"invalid_api_key\"}}",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .status = 401,
      .code = "invalid_api_key",
      .message = "Incorrect API key provided: *** You can find it." },
    { .name = "29: text", .input = "upstream\r\nconnect error\n",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .status = 503,
      .message = "upstream  connect error" },
    { .name = "29: half a document", .input = "{\"error\":{\"mess",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .status = 500,
      .message = "{\"error\":{\"mess" },
    { .name = "29: no body", .input = "", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .status = 429, .code = "",
      .message = "" },
    { .name = "29: an array",
      .input = "[{\"error\":{\"code\":400,\"message\":\"m\"}}]", .text = "",
      .outcome = CONVRELAY_LLM_REJECTED, .status = 400, .code = "400",
      .message = "m" },
    { .name = "29: too large", .input = "", .text = "",
      .outcome = CONVRELAY_LLM_TOO_LONG, .status = 413, .code = "",
      .message = "" },
    { .name = "29: unprocessable",
      .input = "{\"error\":{\"message\":\"m\"}}", .text = "",
      .outcome = CONVRELAY_LLM_REJECTED, .status = 422, .message = "m" },
    { .name = "29: a prompt that a filter refused",
      .input = "{\"error\":{\"message\":\"The response was filtered\","
               "\"type\":null,\"param\":\"prompt\",\"code\":\"content_filter\","
               "\"status\":400,\"innererror\":{\"code\":"
               "\"ResponsibleAIPolicyViolation\"}}}", .text = "",
      .outcome = CONVRELAY_LLM_PROMPT_FILTERED, .status = 400,
      .code = "content_filter", .message = "The response was filtered" },
    { .name = "29: the same in a stream",
      .input = "data: {\"error\":{\"message\":\"m\",\"code\":"
               "\"content_filter\"}}\n\n", .text = "",
      .outcome = CONVRELAY_LLM_PROMPT_FILTERED, .code = "content_filter",
      .message = "m" },
    { .name = "29: and after some words, which the prompt did not prevent",
      .input = DELTA("\"content\":\"a\"")
               "data: {\"error\":{\"message\":\"m\",\"code\":"
               "\"content_filter\"}}\n\n", .text = "a",
      .outcome = CONVRELAY_LLM_FAILED, .code = "content_filter",
      .message = "m" },
    { .name = "29: a code of 400 is not a status",
      .input = "{\"error\":{\"code\":400,\"message\":\"m\"}}", .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .status = 500, .code = "400",
      .message = "m" },
    { .name = "29: a string", .input = "{\"error\":\"no such model\"}",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .status = 404,
      .message = "no such model" },
    { .name = "30: a stream with a bad status", .input = NORMAL, .text = "",
      .outcome = CONVRELAY_LLM_FAILED, .status = 302 },

    { .name = "too long: OpenAI's code",
      .input = "{\"error\":{\"message\":\"m\",\"type\":"
               "\"invalid_request_error\",\"code\":"
               "\"context_length_exceeded\"}}",
      .text = "", .outcome = CONVRELAY_LLM_TOO_LONG, .status = 400,
      .code = "context_length_exceeded" },
    { .name = "too long: llama.cpp's type",
      .input = "{\"error\":{\"code\":400,\"message\":\"m\",\"type\":"
               "\"exceed_context_size_error\"}}",
      .text = "", .outcome = CONVRELAY_LLM_TOO_LONG, .status = 400,
      .code = "400" },
    { .name = "too long: in a stream",
      .input = "data: {\"error\":{\"code\":400,\"message\":\"m\",\"type\":"
               "\"exceed_context_size_error\"}}\n\n",
      .text = "", .outcome = CONVRELAY_LLM_TOO_LONG, .code = "400" },
    { .name = "too long: vLLM's message",
      .input = "{\"object\":\"error\",\"message\":\"This model's maximum "
               "context length is 4096 tokens.\",\"code\":400}",
      .text = "", .outcome = CONVRELAY_LLM_TOO_LONG, .status = 400,
      .code = "400" },
    { .name = "too long: a message without a refusal",
      .input = "{\"error\":{\"message\":\"maximum context length\"}}",
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .status = 500 },

    { .name = "31: error after choices",
      .input = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],"
               "\"error\":{\"message\":\"m\"}}\n\n",
      .text = "x", .outcome = CONVRELAY_LLM_FAILED, .message = "m" },
    { .name = "31: finish before delta",
      .input = CHUNK("{\"finish_reason\":\"stop\",\"delta\":"
                     "{\"content\":\"a\"},\"index\":0}"),
      .text = "a", .finish = CONVRELAY_LLM_FINISH_STOP },
    { .name = "31: 60 deep",
      .input = "data: {\"x\":" D5 D5 D5 D5 D5 D5 D5 D5 D5 D5 D5 D5 "1"
               E5 E5 E5 E5 E5 E5 E5 E5 E5 E5 E5 E5 ",\"choices\":"
               "[{\"delta\":{\"content\":\"a\"}}]}\n\n" DONE,
      .text = "a" },
    { .name = "31: 70 deep",
      .input = "data: {\"x\":" D5 D5 D5 D5 D5 D5 D5 D5 D5 D5 D5 D5 D5 D5 "1"
               E5 E5 E5 E5 E5 E5 E5 E5 E5 E5 E5 E5 E5 E5 ",\"choices\":"
               "[{\"delta\":{\"content\":\"a\"}}]}\n\n" DONE,
      .text = "", .outcome = CONVRELAY_LLM_FAILED, .code = "bad_answer",
      .message = "is nested too deep" },

    { .name = "a refusal",
      .input = DELTA("\"refusal\":\"I\"") DELTA("\"content\":null,"
               "\"refusal\":\" can't.\"") STOP DONE,
      .text = "I can't.", .finish = CONVRELAY_LLM_FINISH_STOP,
      .refusal = 1 },
    { .name = "content and refusal in one delta",
      .input = DELTA("\"content\":\"a\",\"refusal\":\"b\"") DONE,
      .text = "ab", .refusal = 1 }
};


int
main(void)
{
    unsigned  i, step;

    srand(1);

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        for (step = 0; step < 8; step++) {
            test_run(&tests[i], step);
        }

        for (step = 0; step < 3; step++) {
            test_without_memory(&tests[i], step);
        }
    }

    test_line_ends();
    test_limits();
    test_usage();
    test_status();
    test_error_body_limit();
    test_borrowed();
    test_finished();
    test_why();
    test_redact();

    return tap_done();
}


static void
test_run(const test_llm_t *t, unsigned step)
{
    u_char                   out[512];
    size_t                   len;
    convrelay_llm_stream_t   s;

    len = test_read(t, &s, out, step);

    test_check(t, &s, (char *) out, len, step);

    convrelay_llm_stream_free(&s);
}


/* the length of its text; the caller frees s */

static size_t
test_read(const test_llm_t *t, convrelay_llm_stream_t *s, u_char *out,
    unsigned step)
{
    int               rc;
    u_char           *p, *pos;
    size_t            len, off, n, input_len;
    convrelay_str_t   text;

    convrelay_llm_stream_init(s, &convrelay_llm_chat,
                              t->status ? t->status : 200);

    input_len = strlen(t->input);
    len = 0;
    rc = CONVRELAY_AGAIN;

    for (off = 0; off < input_len && rc == CONVRELAY_AGAIN; off += n) {
        n = test_step(step, input_len - off);

        p = tap_flush(t->input + off, n);
        pos = p;

        for ( ;; ) {
            convrelay_str_set(&text, "");

            heap.armed = 1;
            rc = convrelay_llm_stream_read(s, &pos, p + n, &text);
            heap.armed = 0;

            if (rc != CONVRELAY_OK) {
                break;
            }

            if (text.len == 0) {
                tap_ok(0, "%s: a text is not empty", t->name);
                break;
            }

            memcpy(out + len, text.data, text.len);
            len += text.len;
        }

        if (pos != p + n) {
            tap_ok(0, "%s: input is used up", t->name);
        }

        tap_unflush(p, n);
    }

    if ((rc == CONVRELAY_DONE) != (s->done && !s->failed)
        || (rc == CONVRELAY_ERROR) != s->failed)
    {
        tap_ok(0, "%s: return code %d", t->name, rc);
    }

    if (t->dirty) {
        return len;
    }

    for ( ;; ) {
        convrelay_str_set(&text, "");

        heap.armed = 1;
        rc = convrelay_llm_stream_end(s, &text);
        heap.armed = 0;

        if (rc != CONVRELAY_OK) {
            break;
        }

        if (text.len == 0) {
            tap_ok(0, "%s: a text at the end is not empty", t->name);
            break;
        }

        memcpy(out + len, text.data, text.len);
        len += text.len;
    }

    if (rc != CONVRELAY_DONE) {
        tap_ok(0, "%s: end returns %d", t->name, rc);
    }

    return len;
}


/*
 * The answer is what it is with memory, or it fails after what was read of it
 * so far, for want of memory and of nothing else.  Nothing is left.
 */

static void
test_without_memory(const test_llm_t *t, unsigned step)
{
    long                     n, live;
    u_char                   out[512];
    size_t                   len;
    unsigned                 bad, seed;
    convrelay_llm_stream_t   s;
    convrelay_llm_outcome_e  outcome;

    bad = 0;
    seed = rand();

    for (n = 0; /* void */ ; n++) {
        srand(seed);

        live = heap.live;
        heap.failed = 0;
        heap.countdown = n;

        len = test_read(t, &s, out, step);

        heap.countdown = -1;
        outcome = convrelay_llm_outcome(&s, !t->dirty);

        if (len > strlen(t->text) || memcmp(out, t->text, len) != 0
            || (!s.failed && (outcome != t->outcome || t->text[len] != '\0'))
            || (heap.failed && s.failed && !t->code && s.error
                && s.error->own && strcmp(s.error->code, "no_memory") != 0))
        {
            printf("# allocation %ld: outcome %d, \"%.*s\", \"%s\"\n", n,
                   outcome, (int) len, out, s.error ? s.error->code : "");
            bad++;
        }

        convrelay_llm_stream_free(&s);

        if (heap.live != live) {
            printf("# allocation %ld: %ld blocks are left\n", n,
                   heap.live - live);
            bad++;
        }

        if (!heap.failed) {
            break;
        }
    }

    tap_ok(bad == 0, "%s, by %u, each of %ld allocations fails", t->name,
           step, n);
}


/* 0: whole, 1: by one byte, others: at random */

static size_t
test_step(unsigned step, size_t left)
{
    size_t  n;

    switch (step) {

    case 0:
        return left;

    case 1:
        return 1;

    default:
        n = 1 + rand() % (step * step * 10);
        return n < left ? n : left;
    }
}


static void
test_check(const test_llm_t *t, convrelay_llm_stream_t *s, const char *text,
    size_t len, unsigned step)
{
    int                      ok;
    convrelay_llm_outcome_e  outcome;

    outcome = convrelay_llm_outcome(s, !t->dirty);

    ok = (len == strlen(t->text) && memcmp(text, t->text, len) == 0);

    if (!ok) {
        printf("# text \"%.*s\"\n", (int) len, text);
    }

    if (outcome != t->outcome || s->finish != t->finish
        || s->refusal != t->refusal || s->tools != t->tools)
    {
        printf("# outcome %d finish %d refusal %d tools %d\n", outcome,
               s->finish, s->refusal, s->tools);
        ok = 0;
    }

    if (s->prompt_tokens != (t->usage ? 48 : -1)
        || s->completion_tokens != (t->usage ? 6 : -1)
        || s->cached_tokens != (t->usage ? 32 : -1))
    {
        printf("# usage %lld\n", (long long) s->prompt_tokens);
        ok = 0;
    }

    if ((s->failed || s->hint) != (s->error != NULL)
        || (s->error == NULL && (t->code || t->message))
        || (t->code && strcmp(s->error->code, t->code) != 0)
        || (t->message && strcmp(s->error->message, t->message) != 0))
    {
        printf("# code \"%s\" message \"%s\"\n",
               s->error ? s->error->code : "",
               s->error ? s->error->message : "");
        ok = 0;
    }

    tap_ok(ok, "%s, by %u", t->name, step);
}


static void
test_line_ends(void)
{
    char         input[4096];
    char        *p;
    unsigned     i, step;
    test_llm_t   t;
    const char  *c;

    static const char  *ends[] = { "\r", "\r\n" };

    for (i = 0; i < 2; i++) {
        p = input;

        for (c = NORMAL; *c; c++) {
            p += (*c == '\n') ? sprintf(p, "%s", ends[i])
                              : sprintf(p, "%c", *c);
        }

        t = tests[0];
        t.name = i ? "1: with CRLF" : "1: with CR";
        t.input = input;

        for (step = 0; step < 8; step++) {
            test_run(&t, step);
        }
    }
}


static void
test_limits(void)
{
    int                      rc, diff;
    char                     line[256];
    u_char                  *pos;
    size_t                   len;
    unsigned                 i;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    static const char *const  inputs[] = {
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
        "{\"choices\":[{\"message\":{\"content\":\"a\"}}]}"
    };

    for (i = 0; i < 2; i++) {
        for (diff = -1; diff <= 1; diff++) {
            convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

            len = strlen(inputs[i]);
            s.max_line = len + diff;
            s.max_body = len + diff;

            len = sprintf(line, "%s%s", inputs[i], i ? "" : "\n\n");
            pos = (u_char *) line;

            rc = convrelay_llm_stream_read(&s, &pos, pos + len, &text);

            if (rc == CONVRELAY_AGAIN) {
                rc = convrelay_llm_stream_end(&s, &text);
            }

            tap_ok(rc == (diff < 0 ? CONVRELAY_ERROR : CONVRELAY_OK),
                   "26: limit of %s%d", i ? "a document " : "a line ", diff);

            if (diff < 0) {
                tap_ok(strcmp(s.error->code, "too_large") == 0, "says so");
            }

            convrelay_llm_stream_free(&s);
        }
    }

    /* a document in pieces, each of them below the limit */

    for (diff = -1; diff <= 0; diff++) {
        convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

        len = strlen(inputs[1]);
        s.max_body = len + diff;

        for (i = 0; i < len; i++) {
            line[0] = inputs[1][i];
            pos = (u_char *) line;

            rc = convrelay_llm_stream_read(&s, &pos, pos + 1, &text);

            if (rc != CONVRELAY_AGAIN) {
                break;
            }
        }

        if (rc == CONVRELAY_AGAIN) {
            rc = convrelay_llm_stream_end(&s, &text);
        }

        tap_ok(rc == (diff < 0 ? CONVRELAY_ERROR : CONVRELAY_OK),
               "26: limit of a document in pieces %d", diff);

        convrelay_llm_stream_free(&s);
    }
}


/* the usual values are zeros, and none is lost */

static void
test_usage(void)
{
    int                      rc;
    char                     line[256];
    u_char                  *pos;
    size_t                   i, len;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    static const struct {
        const char  *number;
        int64_t      want;
    } usages[] = {
        { "0", 0 },
        { "1", 1 },
        { "9007199254740992", 9007199254740992 },
        { "9007199254740994", -1 },
        { "-1", -1 },
        { "\"1\"", -1 }
    };

    for (i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
        convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

        len = sprintf(line, "data: {\"choices\":[],\"usage\":{"
                      "\"prompt_tokens\":%s,\"completion_tokens\":%s,"
                      "\"prompt_tokens_details\":{\"cached_tokens\":%s}}}"
                      "\n\n",
                      usages[i].number, usages[i].number, usages[i].number);

        pos = (u_char *) line;
        rc = convrelay_llm_stream_read(&s, &pos, pos + len, &text);

        tap_ok(rc == CONVRELAY_AGAIN && s.prompt_tokens == usages[i].want
               && s.completion_tokens == usages[i].want
               && s.cached_tokens == usages[i].want,
               "27: a usage of %s", usages[i].number);

        convrelay_llm_stream_free(&s);
    }
}


/* an answer's status decides whether a body without a text is an error */

static void
test_status(void)
{
    int                      rc;
    size_t                   i;
    u_char                  *pos;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    static const unsigned  statuses[] = { 199, 200, 299, 300 };

    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        convrelay_llm_stream_init(&s, &convrelay_llm_chat, statuses[i]);

        pos = (u_char *) TEXT("a");
        rc = convrelay_llm_stream_read(&s, &pos, pos + sizeof(TEXT("a")) - 1,
                                       &text);

        tap_ok((rc == CONVRELAY_OK)
               == (statuses[i] >= 200 && statuses[i] < 300),
               "28: a stream with status %u", statuses[i]);

        convrelay_llm_stream_free(&s);
    }
}


static void
test_error_body_limit(void)
{
    u_char                   piece[1000];
    u_char                  *pos;
    unsigned                 i, again;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    convrelay_llm_stream_init(&s, &convrelay_llm_chat, 500);

    memset(piece, 'x', sizeof(piece));
    again = 0;

    for (i = 0; i < 100; i++) {
        pos = piece;
        again += convrelay_llm_stream_read(&s, &pos, piece + sizeof(piece),
                                           &text)
                 == CONVRELAY_AGAIN;
    }

    tap_ok(again == 100 && s.body.len == CONVRELAY_LLM_MAX_ERROR_BODY,
           "an error body is kept up to its limit");
    tap_ok(convrelay_llm_stream_end(&s, &text) == CONVRELAY_DONE,
           "and read to its end");
    tap_ok(strlen(s.error->message) == CONVRELAY_LLM_MAX_MESSAGE,
           "its message has one, too");

    convrelay_llm_stream_free(&s);
}


/* the normal case copies nothing */

static void
test_borrowed(void)
{
    u_char                   input[] = TEXT("a") TEXT("b");
    u_char                  *pos;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

    pos = input;

    while (convrelay_llm_stream_read(&s, &pos, input + sizeof(input) - 1,
                                     &text)
           == CONVRELAY_OK)
    {
        tap_ok(text.len == 1, "a text");
    }

    tap_ok(s.sse.line.data == NULL && s.sse.data.data == NULL
           && s.out.data == NULL && s.parts.data == NULL,
           "no buffer was needed");

    convrelay_llm_stream_free(&s);
}


static void
test_redact(void)
{
    char      out[64];
    size_t    len, size;
    u_char   *p;
    unsigned  i;

    static const struct {
        const char  *text;
        const char  *want;
        size_t       size;
    } cases[] = {
        { "", "", 0 },
        { "The model `gpt-4.1-2025-04-14` is gone",
          "The model `gpt-4.1-2025-04-14` is gone", 0 },
        { "a\nb\tc\x7f" "d\x1b[0m", "a b c d [0m", 0 },
        { "a\xc2\x9b" "b\xe2\x80\xa8" "c", "a b c", 0 },
        { "\xc3\xa9\xff\xe2\x82", "\xc3\xa9??", 0 },
        { "ab\xc3\xa9", "ab", 4 },
        { "ab\xc3\xa9", "ab\xc3\xa9", 5 },
        { "abcdef", "abc", 4 },
        { "abcdef", "", 1 },
        { "sk-abc, 'sk-proj-x_y', (sk-z)", "***, '***', (***)", 0 },
        { "https://x/sk-abc?k=gsk_abc", "https://x/***?k=***", 0 },
        { "risk-free task-1", "risk-free task-1", 0 },
        { "Authorization: Bearer abc.def", "Authorization: Bearer ***", 0 },
        { "bearer bearer abc", "bearer bearer ***", 0 },
        { "API key provided: abc. You", "API key provided: *** You", 0 },
        { "{\"api_key\": \"abc\", \"n\": 1}",
          "{\"api_key\": \"***\", \"n\": 1}", 0 },
        { "key=abc&x=y", "key=***&x=y", 0 },
        { "Your key 0123456789abcdef is bad", "Your key *** is bad", 0 },
        { "Your key 0123456789abcde is bad",
          "Your key 0123456789abcde is bad", 0 },
        { "Call 15550100001234567 or abcdefghijklmnopqrs",
          "Call 15550100001234567 or abcdefghijklmnopqrs", 0 },
        { "Your key ab**yz is bad", "Your key *** is bad", 0 },
        { "no key: x and b: y", "no key: *** and b: y", 0 },
        { "the key was found: x", "the key was found: x", 0 },
        { "x sk-abcdef", "x *", 4 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].text);
        size = cases[i].size ? cases[i].size : sizeof(out);
        p = tap_flush(cases[i].text, len);

        memset(out, '#', sizeof(out));
        convrelay_redact(out, size, p, len);

        tap_is(out, strlen(out), cases[i].want, strlen(cases[i].want),
               cases[i].text);

        tap_unflush(p, len);
    }
}


/* what is known of an answer whose body stays open */

static void
test_finished(void)
{
    int                      rc;
    size_t                   i;
    u_char                   buf[1024], *p;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    static const struct {
        const char  *name;
        const char  *input;
        unsigned     finished;
    } cases[] = {
        { "text and a finish", TEXT("a") STOP, 1 },
        { "both in one chunk",
          CHUNK("{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}"),
          1 },
        { "usage after it", TEXT("a") STOP "data: {\"choices\":[]}\n\n", 1 },
        { "text only", TEXT("a"), 0 },
        { "a finish only", STOP, 0 },
        { "a finish before all text", STOP TEXT("a"), 0 },
        { "a finish in each chunk",
          CHUNK("{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}")
          CHUNK("{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}"),
          0 },
        { "blanks are not text", TEXT(" ") STOP, 0 },
        { "the whole again is not text",
          TEXT("a") STOP "data: " COMPLETION("\"content\":\"a\"") "\n\n", 1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

        strcpy((char *) buf, cases[i].input);
        p = buf;

        do {
            rc = convrelay_llm_stream_read(&s, &p, buf + strlen((char *) buf),
                                           &text);
        } while (rc == CONVRELAY_OK);

        tap_ok(rc == CONVRELAY_AGAIN
               && convrelay_llm_finished(&s) == cases[i].finished,
               "%s: %sfinished", cases[i].name,
               cases[i].finished ? "" : "not ");

        convrelay_llm_stream_free(&s);
    }

    /* what was held back is given, then it is over */

    convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

    strcpy((char *) buf, TEXT("a\xc3") STOP);
    p = buf;

    do {
        rc = convrelay_llm_stream_read(&s, &p, buf + strlen((char *) buf),
                                       &text);
    } while (rc == CONVRELAY_OK);

    convrelay_llm_stream_finish(&s);
    p = NULL;

    rc = convrelay_llm_stream_read(&s, &p, NULL, &text);
    tap_ok(rc == CONVRELAY_OK && convrelay_str_eq(&text, FFFD),
           "finish: half a character is given");

    rc = convrelay_llm_stream_read(&s, &p, NULL, &text);
    tap_ok(rc == CONVRELAY_DONE, "... then it is done");
    tap_ok(convrelay_llm_outcome(&s, 0) == CONVRELAY_LLM_COMPLETE,
           "... and complete");

    convrelay_llm_stream_free(&s);
}


/* what an answer without words says about it */

static void
test_why(void)
{
    int                      rc;
    char                     why[160];
    size_t                   i;
    u_char                   buf[1024], *p;
    convrelay_str_t          text;
    convrelay_llm_stream_t   s;

    static const struct {
        const char  *input;
        const char  *why;
    } cases[] = {
        { DONE, "" },
        { FINISH("x") DONE, ", finish_reason: \"x\"" },
        { STOP DONE, ", finish_reason: \"stop\"" },
        { FINISH("length") "data: {\"choices\":[]," USAGE "}\n\n" DONE,
          ", finish_reason: \"length\", cut by its token limit after 6 "
          "tokens" },
        { DELTA("\"tool_calls\":[{\"id\":\"c\"}]") FINISH("tool_calls") DONE,
          ", finish_reason: \"tool_calls\", it called a tool" },
        { DELTA("\"reasoning\":\"Hm.\"") FINISH("length") DONE,
          ", finish_reason: \"length\", cut by its token limit, it had "
          "reasoning only" },
        { DELTA("\"reasoning_content\":\"Hm.\",\"content\":null") DONE,
          ", it had reasoning only" },
        { DELTA("\"reasoning_content\":\"\",\"reasoning\":null") DONE, "" },
        { TEXT("<think>Hm.</think>") STOP DONE,
          ", finish_reason: \"stop\", it had reasoning only" },
        { FINISH("an end of turn\\n that is long beyond reason") DONE,
          ", finish_reason: \"an end of turn  that is\"" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        convrelay_llm_stream_init(&s, &convrelay_llm_chat, 200);

        strcpy((char *) buf, cases[i].input);
        p = buf;

        do {
            rc = convrelay_llm_stream_read(&s, &p, buf + strlen((char *) buf),
                                           &text);
        } while (rc == CONVRELAY_OK);

        convrelay_llm_why(&s, why, sizeof(why));

        tap_is(why, strlen(why), cases[i].why, strlen(cases[i].why),
               "why an answer is empty");

        convrelay_llm_stream_free(&s);
    }
}
