
/*
 * Copyright (C) convrelay contributors
 *
 * Calls with actions: see session.c for the words.
 */


static const call_t  event_calls[] = {

    { "the greeting is the first answer, and is cut like one", MENU,
      "greeting \"Hi! I am Birch. Ask me anything.\"\n"
      "    SETUP\n"
      "history\n"
      "    assistant \"Hi! I am Birch. Ask me anything.\"\n"
      "interrupt 600 \"I am\"\n"
      "prompt \"Who?\"\n"
      "    START\n"
      "history\n"
      "    assistant \"Hi! I am\"\n"
      "    user \"Who?\"\n" },

    { "without an interrupt the greeting stays whole", MENU,
      "greeting \"Hi! Ask me.\"\n"
      "    SETUP\n"
      "prompt \"Who?\"\n"
      "    START\n"
      "delta \"Birch.\"\n"
      "    TEXT \"Birch.\"\n"
      "interrupt \"Birch.\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    assistant \"Hi! Ask me.\"\n"
      "    user \"Who?\"\n"
      "    assistant \"Birch.\"\n" },

    { "a greeting of which nothing was heard leaves no entry", MENU,
      "greeting \"Hi! Ask me.\"\n"
      "    SETUP\n"
      "played \"Hi!\"\n"
      "interrupt \"Hi!\"\n"
      "history\n"
      "    assistant \"Hi!\"\n" },

    { "off: the greeting stays out", DEFAULT,
      "greeting \"Hi! Ask me.\"\n"
      "    SETUP\n"
      "history\n" },

    { "setup: what is said continues the greeting", EVENTS,
      "greeting \"Hi!\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "say \"This call is recorded.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"This call is recorded."
      "\",\"last\":true}\n"
      "say \" Ask me.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\" Ask me.\",\"last\":tr"
      "ue}\n"
      "done\n"
      "history\n"
      "    assistant \"Hi! This call is recorded. Ask me.\"\n"
      "played \"Hi!\"\n"
      "played \"This call is recorded.\"\n"
      "interrupt \"Ask\"\n"
      "history\n"
      "    assistant \"Hi! This call is recorded. Ask\"\n" },

    { "before setup and without an event nothing is performed", EVENTS,
      "say \"x\"\n"
      "hangup \"\"\n"
      "deadline\n"
      "    -1\n" },

    { "a prompt that matches: no turn", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"operator\"\n"
      "    EVENT prompt operator\n"
      "say \"One moment.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"One moment.\",\"last\""
      ":true}\n"
      "done\n"
      "prompt \"No, wait\"\n"
      "    EVENT prompt No, wait\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"Yes?\"\n"
      "    TEXT \"Yes?\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"operator\"\n"
      "    assistant \"One moment.\"\n"
      "    user \"No, wait\"\n"
      "    assistant \"Yes?\"\n" },

    { "a prompt cancels the running answer before it is matched", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hours?\"\n"
      "    EVENT prompt Hours?\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"We are\"\n"
      "    TEXT \"We are\"\n"
      "prompt \"operator\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    EVENT prompt operator\n"
      "say \"One moment.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"One moment.\",\"last\""
      ":true}\n"
      "done\n"
      "delta \" open\"\n"
      "history\n"
      "    user \"Hours?\"\n"
      "    assistant \"We are\"\n"
      "    user \"operator\"\n"
      "    assistant \"One moment.\"\n" },

    { "say in mid-answer becomes a part of it", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hours?\"\n"
      "    EVENT prompt Hours?\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"We are open\"\n"
      "    TEXT \"We are open\"\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "say \"Excuse me.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\" Excuse me.\",\"last\""
      ":false}\n"
      "done\n"
      "delta \" until five.\"\n"
      "    TEXT \" until five.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "interrupt \"Excuse\"\n"
      "history\n"
      "    user \"Hours?\"\n"
      "    assistant \"We are open Excuse\"\n" },

    { "say before the first piece: the answer goes on behind it", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hours?\"\n"
      "    EVENT prompt Hours?\n"
      "declined \"\"\n"
      "    START\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "say \"One moment.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"One moment.\",\"last\""
      ":false}\n"
      "done\n"
      "delta \" At five.\"\n"
      "    TEXT \" At five.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hours?\"\n"
      "    assistant \"One moment. At five.\"\n" },

    { "say that does not fit into the answer ends it", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hours?\"\n"
      "    EVENT prompt Hours?\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"We are open on all weekdays\"\n"
      "    TEXT \"We are open on all weekdays\"\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "say \"I have to interrupt myself.\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    SEND {\"type\":\"text\",\"token\":\"I have to interrupt my"
      "self.\",\"last\":true}\n"
      "done\n"
      "delta \" until five.\"\n"
      "history\n"
      "    user \"Hours?\"\n"
      "    assistant \"We are open on all weekdays I have to interrup"
      "t myself.\"\n" },

    { "errors are events at most every five seconds", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "done\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "wait 5000\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "done\n" },

    { "llm_failed: in the place of the error message, not in the history",
      EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "end failed\n"
      "    EVENT llm_failed\n"
      "say \"I am lost.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"I am lost.\",\"last\":"
      "true}\n"
      "say \"Try again.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Try again.\",\"last\":"
      "true}\n"
      "done\n"
      "interrupt \"Try\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "prompt \"Hi?\"\n"
      "    EVENT prompt Hi?\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    user \"Hi\"\n"
      "    user \"Hi?\"\n"
      "    assistant \"Hello\"\n" },

    { "llm_failed in mid-answer: what was said stays, the rest is not added",
      EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"Hello, I\"\n"
      "    TEXT \"Hello, I\"\n"
      "end failed\n"
      "    TEXT \"\" last\n"
      "    EVENT llm_failed\n"
      "say \"am lost.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"am lost.\",\"last\":tr"
      "ue}\n"
      "done\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello, I\"\n"
      "interrupt \"I am\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello, I\"\n" },

    { "llm_failed, rejected: the prompt goes", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "end rejected\n"
      "    EVENT llm_failed\n"
      "say \"I am lost.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"I am lost.\",\"last\":"
      "true}\n"
      "done\n"
      "history\n" },

    { "play, tones, language", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "play \"https://a.example/b.mp3\"\n"
      "    SEND {\"type\":\"play\",\"source\":\"https://a.example/b.m"
      "p3\"}\n"
      "tones \"1w2\"\n"
      "    SEND {\"type\":\"sendDigits\",\"digits\":\"1w2\"}\n"
      "language \"es-ES\"\n"
      "    SEND {\"type\":\"language\",\"ttsLanguage\":\"es-ES\"}\n"
      "done\n"
      "lang\n"
      "    \"es-ES\"\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "lang\n"
      "    \"en-US\"\n" },

    { "end without anything to be heard is sent at once", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "hangup \"{\\\"a\\\":1}\"\n"
      "    SEND {\"type\":\"end\",\"handoffData\":\"{\\\\\\\"a"
      "\\\\\\\":1}\"}\n"
      "say \"too late\"\n"
      "done\n"
      "deadline\n"
      "    10000\n"
      "prompt \"Hello?\"\n"
      "dtmf \"1\"\n"
      "wait 10000\n"
      "clock\n"
      "    CLOSE 1000 call has ended\n"
      "deadline\n"
      "    -1\n" },

    { "end waits for an estimate: 350 ms and 65 for each character",
      EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "say \"Goodbye\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Goodbye\",\"last\":tru"
      "e}\n"
      "hangup \"\"\n"
      "done\n"
      "deadline\n"
      "    805\n"
      "prompt \"Wait\"\n"
      "dtmf \"1\"\n"
      "wait 804\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    SEND {\"type\":\"end\"}\n"
      "clock\n" },

    { "and never longer than its limit", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "say \"0123456789 0123456789 0123456789 0123456789 0123456789 0"
      "123456789 0123456789 0123456789 0123456789 0123456789 01234567"
      "89 0123456789 0123456789 0123456789 \"\n"
      "    SEND {\"type\":\"text\",\"token\":\"0123456789 0123456789 "
      "0123456789 0123456789 0123456789 0123456789 0123456789 0123456"
      "789 0123456789 0123456789 0123456789 0123456789 0123456789 012"
      "3456789 \",\"last\":true}\n"
      "hangup \"\"\n"
      "done\n"
      "deadline\n"
      "    10000\n" },

    { "a long silence before the goodbye does not count", EVENTS,
      "greeting \"Hi!\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "wait 60000\n"
      "toolong\n"
      "    EVENT call_too_long\n"
      "say \"Goodbye\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Goodbye\",\"last\":tru"
      "e}\n"
      "done\n"
      "deadline\n"
      "    520\n" },

    { "an answer still being spoken does", EVENTS,
      "greeting \"Hello you\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "wait 100\n"
      "toolong\n"
      "    EVENT call_too_long\n"
      "say \"Goodbye\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Goodbye\",\"last\":tru"
      "e}\n"
      "done\n"
      "deadline\n"
      "    1355\n" },

    { "end: the last tokensPlayed", EVENTS,
      "greeting \"Hi!\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "played \"Hi!\"\n"
      "prompt \"Bye\"\n"
      "    EVENT prompt Bye\n"
      "say \"Goodbye. It was nice.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Goodbye. It was nice."
      "\",\"last\":true}\n"
      "hangup \"x\"\n"
      "done\n"
      "deadline\n"
      "    5390\n"
      "played \"Goodbye.\"\n"
      "played \" It was nice\"\n"
      "    SEND {\"type\":\"end\",\"handoffData\":\"x\"}\n" },

    { "end: agentSpeaking off", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "speaking \"on\"\n"
      "speaking \"off\"\n"
      "prompt \"Bye\"\n"
      "    EVENT prompt Bye\n"
      "say \"Goodbye.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Goodbye.\",\"last\":tr"
      "ue}\n"
      "hangup \"x\"\n"
      "done\n"
      "speaking \"off\"\n"
      "wait 300\n"
      "speaking \"on\"\n"
      "wait 600\n"
      "speaking \"off\"\n"
      "    SEND {\"type\":\"end\",\"handoffData\":\"x\"}\n"
      "deadline\n"
      "    10000\n" },

    { "end: an off that is too early is that of other words", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "speaking \"on\"\n"
      "prompt \"Bye\"\n"
      "    EVENT prompt Bye\n"
      "say \"Goodbye, and thank you for your call.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Goodbye, and thank you"
      " for your call.\",\"last\":true}\n"
      "hangup \"\"\n"
      "done\n"
      "wait 100\n"
      "speaking \"off\"\n"
      "wait 300\n"
      "speaking \"on\"\n"
      "wait 2000\n"
      "speaking \"off\"\n"
      "    SEND {\"type\":\"end\"}\n" },

    { "end: the caller interrupts the goodbye", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Bye\"\n"
      "    EVENT prompt Bye\n"
      "say \"Goodbye. It was nice.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Goodbye. It was nice."
      "\",\"last\":true}\n"
      "hangup \"\"\n"
      "done\n"
      "interrupt 400 \"Goodbye.\"\n"
      "    SEND {\"type\":\"end\"}\n"
      "history\n"
      "    user \"Bye\"\n"
      "    assistant \"Goodbye.\"\n"
      "interrupt \"x\"\n" },

    { "end behind a file: the limit, or off", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "play \"https://a.example/b.mp3\"\n"
      "    SEND {\"type\":\"play\",\"source\":\"https://a.example/b.m"
      "p3\"}\n"
      "hangup \"\"\n"
      "done\n"
      "deadline\n"
      "    10000\n"
      "speaking \"on\"\n"
      "wait 4000\n"
      "speaking \"off\"\n"
      "    SEND {\"type\":\"end\"}\n" },

    { "end behind tones", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "tones \"1w\"\n"
      "    SEND {\"type\":\"sendDigits\",\"digits\":\"1w\"}\n"
      "hangup \"\"\n"
      "done\n"
      "deadline\n"
      "    2700\n" },

    { "end cancels the running answer", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "error 64101\n"
      "    LOG warn client reported an error: 64101\n"
      "    EVENT error\n"
      "hangup \"\"\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "done\n"
      "delta \" you\"\n"
      "deadline\n"
      "    675\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello\"\n" },

    { "call_too_long ends the call, also without an end", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "toolong\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "    EVENT call_too_long\n"
      "say \"We have to stop here.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"We have to stop here."
      "\",\"last\":true}\n"
      "done\n"
      "toolong\n"
      "deadline\n"
      "    2105\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello We have to stop here.\"\n" },

    { "an end waits for the error message", FALLIBLE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "wait 1000\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "wait 100\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "hangup \"\"\n"
      "done\n"
      "deadline\n"
      "    640\n" },

    { "also behind an answer that was heard, and after a silence", FALLIBLE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Well\"\n"
      "    TEXT \"Well\"\n"
      "wait 30000\n"
      "played \"Well\"\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "hangup \"\"\n"
      "done\n"
      "deadline\n"
      "    2585\n" },

    { "what is said behind the error message is reported again", FALLIBLE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Well.\"\n"
      "    TEXT \"Well.\"\n"
      "played \"Well.\"\n"
      "end failed\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "wait 3000\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "say \"Goodbye.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Goodbye.\",\"last\":tr"
      "ue}\n"
      "hangup \"\"\n"
      "done\n"
      "wait 900\n"
      "played \"Goodbye.\"\n"
      "    SEND {\"type\":\"end\"}\n" },

    { "a rejected prompt goes, also where an action spoke meanwhile",
      FALLIBLE,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"poison\"\n"
      "    START\n"
      "error 64107\n"
      "    LOG warn client reported an error: 64107\n"
      "    EVENT error\n"
      "say \"One moment.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"One moment.\",\"last\""
      ":false}\n"
      "done\n"
      "end rejected\n"
      "    TEXT \"Sorry.\"\n"
      "    TEXT \"\" last\n"
      "history\n"
      "    assistant \"One moment.\"\n" },

    { "call_too_long without actions closes", DEFAULT,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "toolong\n"
      "    CLOSE 1000 call is too long\n"
      "toolong\n" },

    { "keys up to the terminator", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "deadline\n"
      "    3000\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf 12\n"
      "say \"Twelve.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Twelve.\",\"last\":tru"
      "e}\n"
      "done\n"
      "deadline\n"
      "    -1\n"
      "wait 1000\n"
      "dtmf \"3\"\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf 3\n"
      "declined \"\"\n"
      "history\n"
      "    assistant \"Twelve.\"\n" },

    { "keys up to the maximum, or a pause", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "dtmf \"3\"\n"
      "dtmf \"4\"\n"
      "    EVENT dtmf 1234\n"
      "declined \"The caller pressed 1234.\"\n"
      "    START\n"
      "dtmf \"5\"\n"
      "wait 2999\n"
      "clock\n"
      "wait 1\n"
      "clock\n"
      "    EVENT dtmf 5\n"
      "done\n"
      "    CANCEL\n"
      "clock\n"
      "history\n"
      "    user \"The caller pressed 1234.\"\n" },

    { "a terminator alone is an entry", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf #\n"
      "done\n"
      "dtmf \"\"\n"
      "deadline\n"
      "    -1\n" },

    { "keys for nobody leave the running answer alone", MENU,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "prompt \"Hi\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "dtmf \"1\"\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "declined \"\"\n"
      "delta \" you\"\n"
      "    TEXT \" you\"\n" },

    { "keys that match cancel it, also where nothing is performed",
      EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "dtmf \"#\"\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf #\n"
      "done\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "delta \" you\"\n"
      "history\n"
      "    user \"Hi\"\n"
      "    assistant \"Hello\"\n" },

    { "a key that cuts an answer waits for the interrupt", MENU,
      "greeting \"Hi! Press one, or ask me.\"\n"
      "    SETUP\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "played \"Hi!\"\n"
      "played \"Press\"\n"
      "interrupt \"Press\"\n"
      "    EVENT dtmf 1\n"
      "say \"One it is.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"One it is.\",\"last\":"
      "true}\n"
      "done\n"
      "speaking \"off\"\n"
      "history\n"
      "    assistant \"Hi! Press\"\n"
      "    assistant \"One it is.\"\n" },

    { "or a quarter of a second", MENU,
      "greeting \"Hi! Press one, or ask me.\"\n"
      "    SETUP\n"
      "dtmf \"1\"\n"
      "deadline\n"
      "    250\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "say \"One it is.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"One it is.\",\"last\":"
      "true}\n"
      "done\n"
      "history\n"
      "    assistant \"Hi! Press one, or ask me. One it is.\"\n" },

    { "a prompt while a key waits for its interrupt is answered, too", MENU,
      "greeting \"Hi! Press one, or ask me.\"\n"
      "    SETUP\n"
      "dtmf \"1\"\n"
      "prompt \"Name a tree.\"\n"
      "    START\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "say \"One it is.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"One it is.\",\"last\":"
      "false}\n"
      "done\n"
      "delta \" Oak.\"\n"
      "    TEXT \" Oak.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n" },

    { "a terminator behind as many keys as there can be is theirs", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "dtmf \"3\"\n"
      "dtmf \"4\"\n"
      "    EVENT dtmf 1234\n"
      "done\n"
      "wait 2999\n"
      "dtmf \"#\"\n"
      "deadline\n"
      "    -1\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf #\n"
      "done\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "dtmf \"3\"\n"
      "dtmf \"4\"\n"
      "    EVENT dtmf 1234\n"
      "done\n"
      "dtmf \"5\"\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf 5\n"
      "done\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "dtmf \"3\"\n"
      "dtmf \"4\"\n"
      "    EVENT dtmf 1234\n"
      "done\n"
      "wait 3000\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf #\n"
      "done\n" },

    { "also while they wait for the interrupt", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "prompt \"Hi\"\n"
      "    EVENT prompt Hi\n"
      "declined \"\"\n"
      "    START\n"
      "delta \"Hello\"\n"
      "    TEXT \"Hello\"\n"
      "dtmf \"1\"\n"
      "dtmf \"2\"\n"
      "dtmf \"3\"\n"
      "dtmf \"4\"\n"
      "dtmf \"#\"\n"
      "wait 250\n"
      "clock\n"
      "    EVENT dtmf 1234\n"
      "done\n"
      "    CANCEL\n"
      "    TEXT \"\" last\n"
      "wait 1000\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf #\n"
      "done\n" },

    { "who speaks has done with the keys", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "dtmf \"1\"\n"
      "wait 1000\n"
      "prompt \"Name a tree.\"\n"
      "    EVENT prompt Name a tree.\n"
      "declined \"\"\n"
      "    START\n"
      "deadline\n"
      "    0\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "say \"One.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"One.\",\"last\":false}"
      "\n"
      "done\n"
      "delta \" Oak.\"\n"
      "    TEXT \" Oak.\"\n"
      "wait 5000\n"
      "deadline\n"
      "    -1\n"
      "end complete\n"
      "    TEXT \"\" last\n" },

    { "and the model is asked about both", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "dtmf \"1\"\n"
      "prompt \"Name a tree.\"\n"
      "    EVENT prompt Name a tree.\n"
      "declined \"\"\n"
      "    START\n"
      "clock\n"
      "    EVENT dtmf 1\n"
      "declined \"The caller pressed 1.\"\n"
      "    CANCEL\n"
      "    START\n"
      "history\n"
      "    user \"Name a tree.\"\n"
      "    user \"The caller pressed 1.\"\n" },

    { "a key right behind the prompt begins another entry", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "dtmf \"7\"\n"
      "prompt \"Name a tree.\"\n"
      "    EVENT prompt Name a tree.\n"
      "declined \"\"\n"
      "    START\n"
      "dtmf \"8\"\n"
      "    EVENT dtmf 7\n"
      "say \"Seven.\"\n"
      "    SEND {\"type\":\"text\",\"token\":\"Seven.\",\"last\":false}"
      "\n"
      "done\n"
      "deadline\n"
      "    3000\n"
      "delta \" Oak.\"\n"
      "    TEXT \" Oak.\"\n"
      "end complete\n"
      "    TEXT \"\" last\n"
      "wait 1000\n"
      "dtmf \"9\"\n"
      "deadline\n"
      "    3000\n"
      "wait 3000\n"
      "clock\n"
      "    EVENT dtmf 89\n"
      "declined \"\"\n" },

    { "of its own, which takes the place of a turn", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "dtmf \"7\"\n"
      "prompt \"Name a tree.\"\n"
      "    EVENT prompt Name a tree.\n"
      "declined \"\"\n"
      "    START\n"
      "dtmf \"8\"\n"
      "    EVENT dtmf 7\n"
      "done\n"
      "wait 3000\n"
      "clock\n"
      "    EVENT dtmf 8\n"
      "done\n"
      "    CANCEL\n" },

    { "a terminator there is an entry of its own", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "dtmf \"7\"\n"
      "prompt \"Name a tree.\"\n"
      "    EVENT prompt Name a tree.\n"
      "declined \"\"\n"
      "    START\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf 7\n"
      "declined \"\"\n"
      "deadline\n"
      "    0\n"
      "clock\n"
      "    EVENT dtmf #\n"
      "declined \"\"\n"
      "dtmf \"8\"\n"
      "dtmf \"#\"\n"
      "    EVENT dtmf 8\n"
      "declined \"\"\n" },

    { "no key outlives the end", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "done\n"
      "dtmf \"7\"\n"
      "prompt \"Name a tree.\"\n"
      "    EVENT prompt Name a tree.\n"
      "declined \"\"\n"
      "    START\n"
      "dtmf \"8\"\n"
      "    EVENT dtmf 7\n"
      "hangup \"\"\n"
      "    CANCEL\n"
      "    SEND {\"type\":\"end\"}\n"
      "done\n"
      "wait 3000\n"
      "clock\n" },

    { "no keys before setup", EVENTS,
      "dtmf \"1\"\n"
      "deadline\n"
      "    -1\n" },

    { "a setup of another call in an event", EVENTS,
      "setup \"CA1\"\n"
      "    SETUP\n"
      "    EVENT setup\n"
      "setup \"CA2\"\n"
      "    CLOSE 1008 client sent setup of another call\n"
      "say \"x\"\n"
      "done\n" },
};


static int
run_action(run_t *r, const char *name, convrelay_str_t *text,
    convrelay_actions_t *out)
{
    unsigned                       i;
    static convrelay_relay_out_t   m;
    static const char             *names[] = { "say", "play", "tones",
                                               "language", "hangup" };

    memset(&m, 0, sizeof(m));

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (strcmp(name, names[i]) == 0) {
            m.type = i;
            m.last = 1;
            m.text = *text;

            armed = 1;
            convrelay_session_perform(&r->s, &m, r->now, out);
            armed = 0;

            return 1;
        }
    }

    return 0;
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
