
/*
 * Copyright (C) convrelay contributors
 *
 * Calls with interruptions: what was heard stays in the history.
 */


#include "session_script.h"


static const call_t  calls[] = {

    { "a clause that has just begun is the nearest to now", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"No one, no two, no three, no four\"\n"
      "    TEXT \"No one, no two, no three, no four\"\n"
      "wait 1455\n"
      "interrupt 0 \"no\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"No one, no two, no\"\n" },

    { "one that began before the answer is its first", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"No one, no two, no three, no four\"\n"
      "    TEXT \"No one, no two, no three, no four\"\n"
      "wait 1455\n"
      "interrupt 1105 \"no\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"No\"\n" },

    { "that is its first character, where words have no blanks", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\"\n"
      "    TEXT \"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\"\n"
      "interrupt 500 \"\xe4\xb8\xad\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"\xe4\xb8\xad\"\n" },

    /* interruption: the faults of the usual way, docs/protocol.md, 4.5 */

    { "fault: a short utterance matches an older turn", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Who are you?\"\n"
      "    START\n"
      "delta \"We sell trees.\"\n"
      "    TEXT \"We sell trees.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"When?\"\n"
      "    START\n"
      "delta \"From nine. We close at five.\"\n"
      "    TEXT \"From nine. We close at five.\"\n"
      "interrupt \"We\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Who are you?\"\n"
      "    assistant \"We sell trees.\"\n"
      "    user \"When?\"\n"
      "    assistant \"From nine. We\"\n" },

    { "fault: found in an older turn alone: that one stays", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Who are you?\"\n"
      "    START\n"
      "delta \"We sell trees.\"\n"
      "    TEXT \"We sell trees.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"When?\"\n"
      "    START\n"
      "delta \"From nine.\"\n"
      "    TEXT \"From nine.\"\n"
      "interrupt \"We\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Who are you?\"\n"
      "    assistant \"We sell trees.\"\n"
      "    user \"When?\"\n"
      "    assistant \"From nine.\"\n" },

    { "fault: an empty utterance, no reports: what was sent is kept", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello you\"\n"
      "    TEXT \"Hello you\"\n"
      "interrupt 0 \"\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello you\"\n" },

    { "fault: an empty utterance, reports, none of it heard: no entry",
      DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "played \"Hi! Ask me anything.\"\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello you\"\n"
      "    TEXT \"Hello you\"\n"
      "interrupt 0 \"\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "prompt \"Hello?\"\n"
      "    START\n" },

    { "fault: the same, fully generated: its entry goes", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "played \"Hi! Ask me anything.\"\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello you\"\n"
      "    TEXT \"Hello you\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt 0 \"\"\n"
      "history\n"
      "    user \"Hi\"\n" },

    { "fault: an interrupt in mid-stream finds nothing", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hours?\"\n"
      "    START\n"
      "delta \"We are open\"\n"
      "    TEXT \"We are open\"\n"
      "delta \" from nine\"\n"
      "    TEXT \" from nine\"\n"
      "interrupt 700 \"We are open from\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "delta \" to five.\"\n"
      "end complete\n"
      "history\n"
      "    user \"Hours?\"\n"
      "    assistant \"We are open from\"\n" },

    { "fully generated and still spoken", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hours?\"\n"
      "    START\n"
      "delta \"From nine to five,\"\n"
      "    TEXT \"From nine to five,\"\n"
      "delta \" on Sundays until noon.\"\n"
      "    TEXT \" on Sundays until noon.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt 500 \"on Sundays\"\n"
      "prompt \"And Mondays?\"\n"
      "    START\n"
      "history\n"
      "    user \"Hours?\"\n"
      "    assistant \"From nine to five, on Sundays\"\n"
      "    user \"And Mondays?\"\n"
      "stats\n"
      "    turns 2 interrupts 1 tokens 2\n" },

    { "fault: an interrupt of the greeting touches nothing", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "interrupt 300 \"Hi! I\"\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "stats\n"
      "    turns 1 interrupts 1 tokens 0\n" },

    { "a key press during the greeting, in the order of the wire", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "dtmf \"1\"\n"
      "played \"Hi! I\"\n"
      "interrupt 300 \"Hi! I\"\n"
      "speaking \"off\"\n"
      "history\n" },

    { "fault: the same phrase twice: tokensPlayed decides", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Help\"\n"
      "    START\n"
      "delta \"I can help. I can wait.\"\n"
      "    TEXT \"I can help. I can wait.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "played \"I can help.\"\n"
      "played \"I can\"\n"
      "interrupt 200 \"I can\"\n"
      "history\n"
      "    user \"Help\"\n"
      "    assistant \"I can help. I can\"\n" },

    { "fault: the same phrase twice: the duration decides for the second",
      DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Help\"\n"
      "    START\n"
      "delta \"I can help. I can wait.\"\n"
      "    TEXT \"I can help. I can wait.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "wait 1500\n"
      "interrupt 300 \"I can\"\n"
      "history\n"
      "    user \"Help\"\n"
      "    assistant \"I can help. I can\"\n" },

    { "fault: the same phrase twice: the duration decides for the first",
      DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Help\"\n"
      "    START\n"
      "delta \"I can help. I can wait.\"\n"
      "    TEXT \"I can help. I can wait.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "wait 700\n"
      "interrupt 300 \"I can\"\n"
      "history\n"
      "    user \"Help\"\n"
      "    assistant \"I can\"\n" },

    { "the duration is longer than the answer, or than any call", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Help\"\n"
      "    START\n"
      "delta \"I can help. I can wait.\"\n"
      "    TEXT \"I can help. I can wait.\"\n"
      "wait 700\n"
      "interrupt 9223372036854775807 \"I can\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Help\"\n"
      "    assistant \"I can\"\n" },

    { "fault: white space, case and punctuation differ", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Price?\"\n"
      "    START\n"
      "delta \"That's **Ten**  dollars - for two.\"\n"
      "    TEXT \"That's **Ten**  dollars - for two.\"\n"
      "interrupt \"thats ten dollars for\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Price?\"\n"
      "    assistant \"That's **Ten**  dollars - for\"\n" },

    { "the cut is at the end of a character", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Wo?\"\n"
      "    START\n"
      "delta \"Im Caf\xc3\xa9 \xc3\x9c" "berall.\"\n"
      "    TEXT \"Im Caf\xc3\xa9 \xc3\x9c" "berall.\"\n"
      "interrupt \"im caf\xc3\xa9 \xc3\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Wo?\"\n"
      "    assistant \"Im Caf\xc3\xa9 \xc3\x9c\"\n" },

    { "fault: heard words are kept, not those before them", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"One, two, three.\"\n"
      "    TEXT \"One, two, three.\"\n"
      "interrupt \"two,\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"One, two,\"\n" },

    { "reported as played, and not found: what was reported", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"One, two, 3.50 and four.\"\n"
      "    TEXT \"One, two, 3.50 and four.\"\n"
      "played \"One,\"\n"
      "played \" two,\"\n"
      "played \"three dollars\"\n"
      "interrupt 400 \"three dollars\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"One, two,\"\n" },

    { "a second interrupt cuts nothing more", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"One, two, three.\"\n"
      "    TEXT \"One, two, three.\"\n"
      "interrupt \"One, two\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "played \"One\"\n"
      "interrupt \"One\"\n"
      "interrupt \"\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"One, two\"\n"
      "stats\n"
      "    turns 1 interrupts 3 tokens 1\n" },

    { "an interrupt before the first piece of the first answer", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "delta \"Hello\"\n"
      "prompt \"You there?\"\n"
      "    START\n"
      "history\n"
      "    user \"Hi\"\n"
      "    user \"You there?\"\n" },

    { "before the first piece, the answer before is the one spoken", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Count\"\n"
      "    START\n"
      "delta \"One, two, three.\"\n"
      "    TEXT \"One, two, three.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Stop\"\n"
      "    START\n"
      "played \"One,\"\n"
      "played \"tw\"\n"
      "interrupt 100 \"tw\"\n"
      "    CANCEL\n"
      "history\n"
      "    user \"Count\"\n"
      "    assistant \"One, tw\"\n"
      "    user \"Stop\"\n"
      "interrupt \"One\"\n"
      "history\n"
      "    user \"Count\"\n"
      "    assistant \"One, tw\"\n"
      "    user \"Stop\"\n" },

    { "the same after a prompt that cancelled it in mid-answer", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "played \"Hi\"\n"
      "prompt \"Count\"\n"
      "    START\n"
      "delta \"One, two, three\"\n"
      "    TEXT \"One, two, three\"\n"
      "prompt \"Stop\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    START\n"
      "interrupt \"\"\n"
      "    CANCEL\n"
      "history\n"
      "    user \"Count\"\n"
      "    user \"Stop\"\n" },

    { "after the first piece, the answer before is safe", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Count\"\n"
      "    START\n"
      "delta \"One, two.\"\n"
      "    TEXT \"One, two.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"On\"\n"
      "    START\n"
      "delta \"Three.\"\n"
      "    TEXT \"Three.\"\n"
      "interrupt \"One\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Count\"\n"
      "    assistant \"One, two.\"\n"
      "    user \"On\"\n"
      "    assistant \"Three.\"\n" },

    { "reports of an answer before do not count for the next", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Count\"\n"
      "    START\n"
      "delta \"One.\"\n"
      "    TEXT \"One.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "played \"One.\"\n"
      "prompt \"On\"\n"
      "    START\n"
      "delta \"Two. One.\"\n"
      "    TEXT \"Two. One.\"\n"
      "interrupt 0 \"Tw\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Count\"\n"
      "    assistant \"One.\"\n"
      "    user \"On\"\n"
      "    assistant \"Tw\"\n" },

    { "an interrupt after the answer was trimmed from the history", TRIMMED,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"A\"\n"
      "    START\n"
      "delta \"One, two.\"\n"
      "    TEXT \"One, two.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"B\"\n"
      "    START\n"
      "interrupt \"One\"\n"
      "    CANCEL\n"
      "history\n"
      "    user \"B\"\n" },

    { "an interrupt of the phrase alone touches no answer before it",
      DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Sorry to hear that.\"\n"
      "    TEXT \"Sorry to hear that.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "prompt \"Well\"\n"
      "    START\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "played \"Sorry\"\n"
      "interrupt \"Sorry\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Sorry to hear that.\"\n"
      "    user \"Well\"\n" },

    { "an interrupt of the phrase after some text: the text was heard",
      DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"One, two.\"\n"
      "    TEXT \"One, two.\"\n"
      "end failed\n"
      "    TEXT \" \"\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "played \"One,\"\n"
      "played \" two.\"\n"
      "played \"Sor\"\n"
      "interrupt \"Sor\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"One, two.\"\n" }
};


int
main(void)
{
    run_scripts(calls, sizeof(calls) / sizeof(calls[0]));

    return tap_done();
}
