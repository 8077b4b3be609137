
/*
 * Copyright (C) convrelay contributors
 *
 * Calls: setup, prompts, and how turns end.
 */


#include "session_script.h"


#define X10     "xxxxxxxxxx"
#define X50     X10 X10 X10 X10 X10
#define LONG(a) a X50 X50 X50 X50 X50 X50


static const call_t  calls[] = {

    { "a whole call, with an interruption in mid-answer", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Name three trees.\"\n"
      "    START\n"
      "delta \"Oak,\"\n"
      "    TEXT \"Oak,\"\n"
      "delta \" ash, and a very tall\"\n"
      "    TEXT \" ash, and a very tall\"\n"
      "interrupt 310 \"Oak,\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "prompt \"Thanks, goodbye.\"\n"
      "    START\n"
      "delta \"Goodbye!\"\n"
      "    TEXT \"Goodbye!\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Name three trees.\"\n"
      "    assistant \"Oak,\"\n"
      "    user \"Thanks, goodbye.\"\n"
      "    assistant \"Goodbye!\"\n"
      "stats\n"
      "    turns 2 interrupts 1 tokens 3\n" },

    { "a long answer, in pieces that are long, too", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"" LONG("a") "\"\n"
      "    TEXT \"" LONG("a") "\"\n"
      "delta \"" LONG("b") "\"\n"
      "    TEXT \"" LONG("b") "\"\n"
      "delta \"" LONG("c") "\"\n"
      "    TEXT \"" LONG("c") "\"\n"
      "delta \"" LONG("d") "\"\n"
      "    TEXT \"" LONG("d") "\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"" LONG("a") LONG("b") LONG("c") LONG("d") "\"\n" },

    /* setup */

    { "setup again with the same callSid is logged", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "setup \"CA1\"\n"
      "    LOG info client sent setup again\n"
      "prompt \"Hi\"\n"
      "    START\n" },

    { "setup again with another callSid closes the call", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "setup \"CA2\"\n"
      "    CLOSE 1008 client sent setup of another call\n"
      "prompt \"Hi\"\n"
      "unknown \"x\"\n"
      "history\n" },

    { "setup of another call while an answer runs: nothing follows", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "setup \"CA11\"\n"
      "    CLOSE 1008 client sent setup of another call\n"
      "delta \" you\"\n"
      "end complete\n"
      "interrupt \"Hello\"\n" },

    { "setup without a callSid is accepted", DEFAULT,
      "setup \"\"\n"
      "    SETUP\n"
      "setup \"\"\n"
      "    LOG info client sent setup again\n"
      "prompt \"Hi\"\n"
      "    START\n" },

    { "before setup: logged, and nothing is counted", DEFAULT,
      "prompt \"Hi\"\n"
      "    LOG info client sent prompt before setup\n"
      "interrupt \"Hi\"\n"
      "    LOG info client sent interrupt before setup\n"
      "dtmf \"1\"\n"
      "played \"Hi\"\n"
      "stats\n"
      "    turns 0 interrupts 0 tokens 0\n"
      "history\n"
      "setup \"CA1\"\n"
      "    SETUP\n" },

    /* prompt */

    { "partial and empty prompts are not answered", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "partial \"What\"\n"
      "partial \"What time\"\n"
      "prompt \"\"\n"
      "prompt \"What time is it?\"\n"
      "    START\n"
      "partial \"And\"\n"
      "prompt \"\"\n"
      "delta \"Five.\"\n"
      "    TEXT \"Five.\"\n"
      "history\n"
      "    user \"What time is it?\"\n" },

    { "a prompt without a letter or digit asks nobody", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "prompt \"...\"\n"
      "prompt \" ?!\"\n"
      "delta \"Yes?\"\n"
      "    TEXT \"Yes?\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"-\"\n"
      "prompt \"7\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Yes?\"\n"
      "    user \"7\"\n" },

    { "the same prompt again within a second is one", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 999\n"
      "prompt \"Hi\"\n"
      "wait 1\n"
      "prompt \"Hi\"\n"
      "    CANCEL\n"
      "    START\n"
      "prompt \"hi\"\n"
      "    CANCEL\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    user \"Hi\"\n"
      "    user \"hi\"\n"
      "stats\n"
      "    turns 3 interrupts 0 tokens 0\n" },

    { "it is not where something was said in between", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Yes\"\n"
      "    START\n"
      "delta \"Two?\"\n"
      "    TEXT \"Two?\"\n"
      "prompt \"Yes\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "prompt \"Yes\"\n"
      "    START\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"Yes\"\n"
      "    START\n" },

    { "a key is in between", MENU,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Yes\"\n"
      "    START\n"
      "dtmf \"1\"\n"
      "    EVENT dtmf 1\n"
      "declined \"\"\n"
      "prompt \"Yes\"\n"
      "    CANCEL\n"
      "    START\n" },

    { "an error message is apart from the words before it", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"The first \"\n"
      "    TEXT \"The first \"\n"
      "end failed\n"
      "    TEXT \". \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"Hello\"\n"
      "    START\n"
      "delta \"The first\"\n"
      "    TEXT \"The first\"\n"
      "end failed\n"
      "    TEXT \". \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"The first \"\n"
      "    user \"Hello\"\n"
      "    assistant \"The first\"\n" },

    { "a prompt before the first piece cancels; nothing is closed", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"I would\"\n"
      "    START\n"
      "prompt \"like a tree.\"\n"
      "    CANCEL\n"
      "    START\n"
      "delta \"An oak?\"\n"
      "    TEXT \"An oak?\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"I would\"\n"
      "    user \"like a tree.\"\n"
      "    assistant \"An oak?\"\n" },

    { "a prompt in mid-answer cancels; what was sent is kept", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Name three trees.\"\n"
      "    START\n"
      "delta \"Oak,\"\n"
      "    TEXT \"Oak,\"\n"
      "delta \" ash\"\n"
      "    TEXT \" ash\"\n"
      "prompt \"No, birds.\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "delta \"Owl.\"\n"
      "    TEXT \"Owl.\"\n"
      "history\n"
      "    user \"Name three trees.\"\n"
      "    assistant \"Oak, ash\"\n"
      "    user \"No, birds.\"\n"
      "stats\n"
      "    turns 2 interrupts 0 tokens 3\n" },

    { "the language of the last final prompt", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "lang\n"
      "    \"\"\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "lang\n"
      "    \"en-US\"\n" },

    { "a turn that is over yields nothing more", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "delta \"x\"\n"
      "end complete\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "delta \" you\"\n"
      "end failed\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello\"\n" },

    { "an empty piece is none", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"\"\n"
      "stats\n"
      "    turns 1 interrupts 0 tokens 0\n"
      "prompt \"You there?\"\n"
      "    CANCEL\n"
      "    START\n" },

    /* what others do not harm */

    { "dtmf, other infos and Twilio's errors", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "speaking \"on\"\n"
      "dtmf \"#\"\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "error 0\n"
      "    LOG warn client reported an error\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "dtmf \"1\"\n"
      "speaking \"off\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello\"\n" },

    { "an unknown type is logged once a call", DEFAULT,
      "unknown \"news\"\n"
      "    LOG info client sent a message of unknown type: news\n"
      "unknown \"news\"\n"
      "setup \"CA1\"\n"
      "    SETUP\n"
      "unknown \"more\"\n" },

    { "and cut short where it is long", DEFAULT,
      "unknown \"0123456789012345678901234567890\xc3\xa4" "45\"\n"
      "    LOG info client sent a message of unknown type: "
      "0123456789012345678901234567890\n" },

    /* the end of a turn: decision table, LLM notes 2.13 */

    { "complete", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hel\"\n"
      "    TEXT \"Hel\"\n"
      "delta \"lo\"\n"
      "    TEXT \"lo\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello\"\n" },

    { "truncated: kept and closed, no phrase", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hel\"\n"
      "    TEXT \"Hel\"\n"
      "end truncated\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hel\"\n" },

    { "failed in mid-answer: kept, and the phrase after it", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hel\"\n"
      "    TEXT \"Hel\"\n"
      "end failed\n"
      "    TEXT \". \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hel\"\n"
      "stats\n"
      "    turns 1 interrupts 0 tokens 1\n" },

    { "failed before the first piece: the phrase; the prompt stays", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "prompt \"Hi again\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    user \"Hi again\"\n"
      "stats\n"
      "    turns 2 interrupts 0 tokens 0\n" },

    { "empty: the phrase", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "end empty\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "complete without a word is empty", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "end complete\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n" },

    { "rejected: the phrase; the prompt goes", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"What it chokes on\"\n"
      "    START\n"
      "end rejected\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello\"\n"
      "prompt \"Something else\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello\"\n"
      "    user \"Something else\"\n" },

    { "no phrase configured, nothing sent: nothing", SILENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "end failed\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "end empty\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "end rejected\n"
      "history\n" },

    { "rejected: prompts that are sent as one go together", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"What it\"\n"
      "    START\n"
      "prompt \"chokes on\"\n"
      "    CANCEL\n"
      "    START\n"
      "end rejected\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello\"\n" },

    { "too long: the older half goes, the LLM is asked once more", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"One\"\n"
      "    START\n"
      "delta \"1\"\n"
      "    TEXT \"1\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Two\"\n"
      "    START\n"
      "delta \"2\"\n"
      "    TEXT \"2\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Three\"\n"
      "    START\n"
      "end too-long\n"
      "    LOG warn history is too long for the LLM: older half dropped, "
      "asking again\n"
      "    START\n"
      "history\n"
      "    user \"Three\"\n"
      "delta \"3\"\n"
      "    TEXT \"3\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Three\"\n"
      "    assistant \"3\"\n"
      "prompt \"Four\"\n"
      "    START\n"
      "end too-long\n"
      "    LOG warn history is too long for the LLM: older half dropped, "
      "asking again\n"
      "    START\n"
      "end too-long\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n" },

    { "too long: it is asked once more, not until nothing is left", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"One\"\n"
      "    START\n"
      "delta \"1\"\n"
      "    TEXT \"1\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Two\"\n"
      "    START\n"
      "delta \"2\"\n"
      "    TEXT \"2\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Three\"\n"
      "    START\n"
      "delta \"3\"\n"
      "    TEXT \"3\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Four\"\n"
      "    START\n"
      "delta \"4\"\n"
      "    TEXT \"4\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Five\"\n"
      "    START\n"
      "end too-long\n"
      "    LOG warn history is too long for the LLM: older half dropped, "
      "asking again\n"
      "    START\n"
      "history\n"
      "    user \"Four\"\n"
      "    assistant \"4\"\n"
      "    user \"Five\"\n"
      "end too-long\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Four\"\n"
      "    assistant \"4\"\n" },

    { "too long: with nothing older, or after some text, it is refused",
      DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"One\"\n"
      "    START\n"
      "end too-long\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "prompt \"Two\"\n"
      "    START\n"
      "delta \"2\"\n"
      "    TEXT \"2\"\n"
      "end too-long\n"
      "    TEXT \". \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    assistant \"2\"\n" },

    { "no phrase configured, some text sent: it is closed", SILENT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hel\"\n"
      "    TEXT \"Hel\"\n"
      "end failed\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hel\"\n" },

    { "an answer of white space alone is sent, and not stored", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"  \"\n"
      "    TEXT \"  \"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"\"\n"
      "history\n"
      "    user \"Hi\"\n" },

    /* limits */

    { "an answer as long as the limit", SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"01234\"\n"
      "    TEXT \"01234\"\n"
      "delta \"56789\"\n"
      "    TEXT \"56789\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"0123456789\"\n" },

    { "an answer too long: what fits is sent, and closed", SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"01234567\"\n"
      "    TEXT \"01234567\"\n"
      "delta \"8\xe2\x82\xac" "and more\"\n"
      "    TEXT \"8\"\n"
      "    LOG warn answer is too long\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "delta \"x\"\n"
      "end complete\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"012345678\"\n"
      "interrupt \"0123\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"0123\"\n"
      "prompt \"On\"\n"
      "    START\n"
      "delta \"Fine\"\n"
      "    TEXT \"Fine\"\n" },

    { "one piece too long at once", SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"0123456789 and more\"\n"
      "    TEXT \"0123456789\"\n"
      "    LOG warn answer is too long\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"0123456789\"\n" },

    { "the limit was reached before: nothing of the next piece", SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"0123456789\"\n"
      "    TEXT \"0123456789\"\n"
      "delta \"x\"\n"
      "    LOG warn answer is too long\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n" },

    { "the limit is one of an answer, not of a call", SHORT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"01234567\"\n"
      "    TEXT \"01234567\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"01234567\"\n"
      "    TEXT \"01234567\"\n" },

    { "old turns leave the history", TRIMMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"A\"\n"
      "    START\n"
      "delta \"a\"\n"
      "    TEXT \"a\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"B\"\n"
      "    START\n"
      "delta \"b\"\n"
      "    TEXT \"b\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"B\"\n"
      "    assistant \"b\"\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
