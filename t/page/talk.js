/*
 * Copyright (C) convrelay contributors
 *
 * What has to be true of the page of convrelay_talk in Chromium; t/page/talk
 * starts it.
 */

'use strict';

const { chromium } = require('playwright-core');
const { spawnSync } = require('child_process');
const contrast = require('./contrast.js');
const fs = require('fs');

const [url, dir, caller] = process.argv.slice(2);
const host = new URL(url).host;
let n = 0, bad = 0;

function ok(is, what, more) {
  n++;
  bad += is ? 0 : 1;
  process.stdout.write((is ? 'ok ' : 'not ok ') + n + ' - ' + what + '\n');
  if (!is && more !== undefined)
    process.stdout.write('#   ' + String(more).replace(/\n/g, '\n#   ') + '\n');
}

/* speech, of which a headless browser has none */

function fakes() {
  window.fake = { spoken: [], heard: null };
  class Recognition extends EventTarget {
    start() { window.fake.heard = this; }
    abort() { window.fake.heard = null; }
  }
  window.SpeechRecognition = window.webkitSpeechRecognition = Recognition;
  window.fake.hear = (transcript, isFinal) => window.fake.heard.onresult({
    resultIndex: 0, results: [Object.assign([{ transcript }], { isFinal })] });
  Object.defineProperty(window, 'speechSynthesis', { value: {
    getVoices: () => [{ name: 'x', lang: 'en-US' }], paused: false,
    cancel() { window.fake.cancelled = true; },
    speak(u) { window.fake.spoken.push(u.text); window.fake.last = u; },
    addEventListener() {}
  } });
  window.SpeechSynthesisUtterance = class {
    constructor(text) { this.text = text; }
  };
}

async function main() {
  const browser = await chromium.launch({ args: ['--no-sandbox'],
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium' });
  const complaints = [], elsewhere = [];

  /* a page, with the messages of its calls */

  async function open(options, script) {
    const context = await browser.newContext({ viewport:
      { width: 1280, height: 800 }, locale: 'en-US', ...options });
    const page = await context.newPage();

    page.sent = [];
    page.got = [];
    page.sockets = 0;
    page.on('console', m => {
      if (m.type() === 'error' || m.type() === 'warning')
        complaints.push(m.text());
    });
    page.on('pageerror', e => complaints.push(e.message));
    page.on('request', r => {
      if (new URL(r.url()).host !== host && !r.url().startsWith('blob:'))
        elsewhere.push(r.url());
    });
    page.on('websocket', ws => {
      page.sockets++;
      if (new URL(ws.url()).host !== host || ws.url().includes('ct.'))
        elsewhere.push(ws.url());
      ws.on('framesent', f => page.sent.push(JSON.parse(f.payload)));
      ws.on('framereceived', f => page.got.push(JSON.parse(f.payload)));
    });
    if (script) await page.addInitScript(script);
    await page.goto(url);
    return page;
  }

  const until = async (page, what, ...args) =>
    page.waitForFunction(what, args, { timeout: 15000, polling: 50 });

  async function call(page) {
    await page.click('#call');
    await until(page, () => !document.getElementById('text').disabled);
  }

  async function say(page, words) {
    await page.fill('#text', words);
    await page.press('#text', 'Enter');
  }

  const bubble = page => page.locator('#log .agent').last();
  const all = page => bubble(page).evaluate(b => b.children[1].textContent
    + b.children[2].textContent);

  async function answered(page, count) {
    await until(page, ([k]) => document.querySelectorAll('#log .agent').length
      >= k && !open, count);
    return all(page);
  }

  /* before the call */

  const page = await open();

  ok(await page.isDisabled('#text') && await page.isDisabled('#say')
    && page.sockets === 0, 'nothing is connected until one calls');

  /* a turn in text */

  await call(page);

  const setup = page.sent[0];
  ok(setup.type === 'setup' && setup.callType === 'BROWSER'
    && setup.accountSid === 'ACtalk', 'the setup goes first',
    JSON.stringify(setup));
  ok(await all(page) === 'Hi! Ask me anything.', 'the greeting is shown');
  ok(await page.evaluate(() => document.activeElement.id) === 'text',
    'the keyboard is where one types');

  await until(page, () => voice.done());
  const played = () => page.sent.filter(m => m.name === 'tokensPlayed')
    .map(m => m.value);
  ok(played().join('|') === 'Hi!| Ask me anything.',
    'what was spoken is reported by clauses', played().join('|'));
  const speaker = () => page.sent.filter(m => m.name === 'agentSpeaking')
    .map(m => m.value).join();
  ok(speaker() === 'on,off', 'and when the agent speaks', speaker());

  await say(page, 'Name three trees.');
  const trees = await answered(page, 2);
  ok(/oak/.test(trees), 'an answer', trees);
  const tokens = page.got.filter(m => m.type === 'text').map(m => m.token);
  ok(tokens.length > 5 && tokens.join('') === trees,
    'its tokens are in one bubble', tokens.join('|'));
  ok(await page.textContent('#heard') === 'Agent: ' + trees,
    'and it is announced once, whole');
  ok(/first token \d+ ms.*first sound \d+ ms.*\d+ tokens/.test(
    (await page.textContent('#turns li'))), 'its times are shown',
    await page.textContent('#turns'));
  ok(await page.locator('#turns rect.wait').count() === 1
    && await page.locator('#turns rect.words').count() === 1,
    'as a picture, too');

  /* barge-in: the model remembers what was spoken, and nothing beyond */

  await say(page, 'Name ten cities.');
  await until(page, () => document.querySelectorAll('#log .agent').length === 3
    && voice.spoken > 40);
  await say(page, 'What have we said so far?');

  const cut = page.locator('#log .cut');
  const said = await cut.last().evaluate(b => b.children[1].textContent);
  const rest = await cut.last().evaluate(b => b.children[2].textContent);
  const interrupt = page.sent.find(m => m.type === 'interrupt'
    && m.utteranceUntilInterrupt !== undefined && page.sent.indexOf(m)
    > page.sent.findIndex(p => p.voicePrompt === 'Name ten cities.'));

  ok(said.length > 40 && rest.length > 20, 'an answer is cut off',
    said + '|' + rest);
  ok(interrupt && said.trimEnd().endsWith(interrupt.utteranceUntilInterrupt)
    && interrupt.durationUntilInterruptMs >= 0,
    'the interrupt has the part of the clause that was spoken',
    JSON.stringify(interrupt));

  await until(page, () => document.querySelectorAll('#log .agent').length >= 4);
  const memory = await answered(page, 4);
  ok(memory.includes(said.trim()), 'the history at the LLM has what was spoken',
    said + '\n' + memory);
  ok(!memory.includes((said + rest).slice(0, said.length + 20).trim()),
    '... and nothing beyond', memory);
  ok(/interrupted/.test(await page.textContent('#turns li:nth-child(2)')),
    'the picture says so');

  /* Escape interrupts, too */

  const before = page.sent.filter(m => m.type === 'interrupt').length;
  await until(page, () => audible());
  await page.keyboard.press('Escape');
  await page.waitForTimeout(100);
  ok(page.sent.filter(m => m.type === 'interrupt').length === before + 1,
    'Escape interrupts');
  ok(await page.isDisabled('#stop'), 'then there is nothing to interrupt');

  /* tools, keys, languages */

  let count = await page.locator('#log .agent').count();
  await say(page, 'Are you open on Sunday?');
  await until(page, () => /closed on Sunday/.test(
    document.getElementById('log').textContent));
  ok(true, 'a tool is called, and its result is spoken');

  await answered(page, count + 1);
  count = await page.locator('#log .agent').count();
  await page.click('text=Keypad');
  for (const key of ['1', 'star', 'hash'])
    await page.click('#keys button[aria-label="' + key + '"]');
  ok(page.sent.filter(m => m.type === 'dtmf').map(m => m.digit).join('')
    === '1*#', 'keys are sent');
  await until(page, ([k]) => document.querySelectorAll('#log .agent').length
    > k, count);
  ok(/1/.test(await answered(page, count + 1)), 'the model is told of them',
    await all(page));

  await say(page, 'german');
  await until(page, () => document.getElementById('lang').value === 'de-DE');
  ok(/Language: de-DE/.test(await page.textContent('#log')),
    'another language is shown');
  await page.waitForTimeout(300);
  await say(page, 'Hallo');
  ok(page.sent.filter(m => m.type === 'prompt').pop().lang === 'de-DE',
    'and is the language of what follows');

  /* the end, by the agent */

  await page.waitForTimeout(300);
  await say(page, 'goodbye');
  await until(page, () => /The call is over/.test(
    document.getElementById('state').textContent));
  ok(/ends the call with this data: {"reason":"done"}/.test(
    await page.textContent('#log')), 'the hand-off data is shown');
  ok(await page.isDisabled('#text')
    && await page.textContent('#call') === 'Call', 'the call is over');
  ok(await page.evaluate(() => document.activeElement.id) === 'call',
    'the keyboard is where one calls again');

  await page.waitForTimeout(1500);
  ok(page.sockets === 1, 'nothing connects again by itself');

  /* recordings are what convrelay-call reads */

  const lines = page.locator('#frames');
  await lines.locator('summary').click();
  ok(await page.textContent('#count')
    === String((await page.textContent('#lines')).trim().split('\n').length),
    'all messages are shown');

  const save = async (id, name) => {
    const [file] = await Promise.all([page.waitForEvent('download'),
                                      page.click(id)]);
    const path = dir + '/' + name;
    await file.saveAs(path);
    const text = fs.readFileSync(path, 'utf8');
    fs.unlinkSync(path);
    return text;
  };
  const record = await save('#record', 'call.jsonl');
  const script = await save('#script', 'call.txt');

  ok(record.split('\n').filter(l => l).every(l => {
    const f = JSON.parse(l);
    return ['caller', 'server'].includes(f.from) && (f.message || f.close);
  }), 'the recording is JSON lines', record);
  ok(/^caller: Name ten cities\.\n# agent: .*\ninterrupt after \d+ characters$/m
    .test(script) && /^dtmf: 1$/m.test(script)
    && /^dtmf: \*#$/m.test(script)
    && /^expect ends$/m.test(script), 'the test has what was done', script);

  for (const [option, text] of [['--replay', record], ['-s', script]]) {
    const path = dir + '/talk-check';
    fs.writeFileSync(path, text);
    const run = spawnSync(caller, [option, path, 'ws://127.0.0.1:1/ws'],
                          { encoding: 'utf8' });
    fs.unlinkSync(path);
    ok(run.status === 4, 'convrelay-call ' + option + ' reads it',
      run.status + ': ' + run.stderr);
  }

  /* again: a new call, with a ticket of its own */

  await call(page);
  ok(page.sockets === 2 && page.sent.filter(m => m.type === 'setup')
    .map(m => m.callSid).filter((s, i, a) => a.indexOf(s) === i).length === 2,
    'a click calls again');
  ok(await page.locator('#log .mine').count() === 0, 'with an empty page');
  await say(page, 'Name three trees.');
  await answered(page, 2);
  if (process.env.PICTURES) {
    await page.click('text=Keypad');
    await until(page, () => voice.done());
    await say(page, 'Name ten cities.');
    await page.waitForTimeout(3500);
    await say(page, 'Are you open on Sunday?');
    await page.waitForTimeout(2500);
  }
  await page.screenshot({ path: dir + '/talk-light.png' });
  ok((await contrast(page)).length === 0, 'texts can be read on white',
    (await contrast(page)).join('\n'));
  if (process.env.PICTURES) await page.click('text=Keypad');

  /* an answer that is heard at once cannot be interrupted */

  await page.check('#quick');
  await until(page, () => voice.done());
  const cuts = page.sent.filter(m => m.type === 'interrupt').length;
  const answers = await page.locator('#log .agent').count();
  await say(page, 'Name ten trees.');
  await answered(page, answers + 1);
  await until(page, () => voice.done());
  await say(page, 'Name three trees.');
  await answered(page, answers + 2);
  ok(page.sent.filter(m => m.type === 'interrupt').length === cuts,
    'what is heard at once is not cut off');

  /* the limit */

  const second = await open({ colorScheme: 'dark', hasTouch: true,
    isMobile: true, viewport: { width: 375, height: 720 } });
  await call(second);
  await say(second, 'Name three trees.');
  await answered(second, 2);
  await second.waitForTimeout(process.env.PICTURES ? 2500 : 0);
  await second.screenshot({ path: dir + '/talk-dark.png' });

  ok((await contrast(second)).length === 0, 'texts can be read on black',
    (await contrast(second)).join('\n'));

  const fits = p => p.evaluate(() => document.documentElement.scrollWidth
    <= document.documentElement.clientWidth);
  ok(await fits(second), 'on a phone nothing is cut off');
  await second.setViewportSize({ width: 320, height: 640 });
  ok(await fits(second), 'nor on the smallest one');
  ok(await second.evaluate(() => getComputedStyle(document.body)
    .backgroundColor) === 'rgb(20, 23, 27)', 'at night it is dark');

  const third = await open();
  await third.click('#call');
  await until(third, () => /too many calls/.test(
    document.getElementById('state').textContent));
  ok(true, 'a third call is refused, and the page says why');
  await third.close();

  /* one that is left open hangs up */

  await second.close();
  await page.click('#call');
  await until(page, () => /The call is over/.test(
    document.getElementById('state').textContent));
  ok(true, 'hanging up ends a call');

  /* readers */

  const tree = await page.locator('body').ariaSnapshot();
  for (const part of ['heading "Talk to the agent" [level=1]',
    'button "Call"', 'textbox "What you say"', 'button "Say"',
    'button "Interrupt"', 'combobox "Language"', 'heading "Turns" [level=2]',
    'list "What was said"', 'button "star"'])
    ok(tree.includes(part), 'a screen reader finds ' + part, tree);

  /* speech, as the browser would report it */

  const loud = await open({}, fakes);
  ok(await loud.isVisible('#mic') && await loud.isVisible('#aloudly')
    && await loud.isVisible('#vendor'), 'speech is offered where it is');
  ok(await page.isHidden('#aloudly'), 'reading aloud is not without voices');
  await loud.check('#aloud');
  await call(loud);
  await until(loud, () => window.fake.spoken.length === 1);
  ok(await loud.evaluate(() => fake.spoken[0]) === 'Hi!',
    'the greeting is read aloud, by clauses');
  await loud.evaluate(() => { fake.last.onstart(); fake.last.onend(); });
  await until(loud, () => window.fake.spoken.length === 2);
  ok(loud.sent.some(m => m.name === 'tokensPlayed' && m.value === 'Hi!'),
    'what was read is reported');
  await loud.evaluate(() => { fake.last.onstart();
                              fake.last.onboundary({ charIndex: 5 }); });
  await loud.click('#mic');
  await until(loud, () => window.fake.heard !== null);
  await loud.evaluate(() => fake.hear('Name', false));
  await loud.waitForTimeout(100);
  const cutting = loud.sent.find(m => m.type === 'interrupt');
  ok(cutting && cutting.utteranceUntilInterrupt === 'Ask',
    'speaking interrupts, after the word that was read',
    JSON.stringify(cutting));
  ok(await loud.evaluate(() => fake.cancelled), 'and silences the voice');
  ok(loud.sent.some(m => m.type === 'prompt' && m.last === false
    && m.voicePrompt === 'Name'), 'interim words are sent as such');
  await loud.evaluate(() => fake.hear('Name three trees.', true));
  await until(loud, () => window.fake.spoken.length >= 3);
  ok(loud.sent.some(m => m.type === 'prompt' && m.last === true
    && m.voicePrompt === 'Name three trees.'), 'and then what was said');
  await loud.close();

  ok(complaints.length === 0, 'the browser complains of nothing',
    complaints.join('\n'));
  ok(elsewhere.length === 0, 'nothing goes elsewhere', elsewhere.join('\n'));

  await browser.close();

  process.stdout.write('1..' + n + '\n');
  process.exit(bad ? 1 : 0);
}

main().catch(e => {
  process.stdout.write('Bail out! ' + e.stack + '\n');
  process.exit(1);
});
