/*
 * Copyright (C) convrelay contributors
 *
 * The cases of t/unit/voice.txt, for the page of convrelay_talk; run by
 * t/talk-voice.t.
 */

'use strict';

const fs = require('fs');
const root = __dirname + '/../..';
const page = fs.readFileSync(root + '/src/talk/page.html', 'utf8');
const source = page.split('/* voice: ')[1].split('/* end of voice */')[0];
const Voice = new Function('/* ' + source + 'return Voice;')();

let voice, name, cases = 0, n = 0, bad = 0;

function is(same, line, got) {
  n++;
  if (same) return;
  bad++;
  console.log('not ok - ' + name + ': ' + line + ', got ' + got);
}

fs.readFileSync(root + '/t/unit/voice.txt', 'utf8').split('\n').forEach(line => {
  if (line === '' || line[0] === '#') return;
  if (line[0] === '=') {
    voice = new Voice(0, 0);
    name = line.slice(2);
    cases++;
    return;
  }
  const [word, a, b] = line.split(' ');
  const quotes = line.match(/"(.*)"/);
  const text = quotes && quotes[1].replace(/\\(.)/g,
    (_, c) => ({ n: '\n', t: '\t' }[c] || c));
  const equal = (got, want) => is(got === want, line, got);

  switch (word) {
  case 'pace': case 'start': voice[word] = +a; break;
  case 'add': voice.add(+a, text); break;
  case 'last': voice.last = true; break;
  case 'reset': voice.reset(); break;
  case 'at': voice.advance(+a); break;
  case 'finish': voice.finish(+a); break;
  case 'spoken': equal(voice.spoken, +a); break;
  case 'due': equal(voice.due(), a === 'none' ? -1 : +a); break;
  case 'end': equal(voice.end(+a), +b); break;
  case 'played': equal(voice.played(), text); break;
  case 'done': equal(voice.done(), true); break;
  case 'not': equal(voice.done(), false); break;
  case 'cut':
    equal(voice.cut(+a).join('|'), text + '|' + line.split(' ').pop());
    break;
  default: is(false, line, 'no such word');
  }
});

console.log((bad ? 'not ok' : 'ok') + ' - ' + cases + ' cases, ' + n
            + ' comparisons');
process.exit(bad || cases < 20 ? 1 : 0);
