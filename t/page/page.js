/*
 * Copyright (C) convrelay contributors
 *
 * What has to be true of the status page in Chromium; t/page/run starts it.
 */

'use strict';

const { chromium } = require('playwright-core');
const contrast = require('./contrast.js');
const readline = require('readline');
const fs = require('fs');

const [url, dir] = process.argv.slice(2);
const answers = [];
let waiting = null, n = 0, bad = 0;

readline.createInterface({ input: process.stdin }).on('line', line => {
  if (waiting) { waiting(line); waiting = null; } else answers.push(line);
});

/* asks t/page/run */

function ask(command) {
  process.stdout.write(command + '\n');
  return answers.length ? Promise.resolve(answers.shift())
    : new Promise(done => { waiting = done; });
}

function ok(is, what, more) {
  n++;
  bad += is ? 0 : 1;
  process.stdout.write((is ? 'ok ' : 'not ok ') + n + ' - ' + what + '\n');
  if (!is && more !== undefined)
    process.stdout.write('#   ' + String(more).replace(/\n/g, '\n#   ') + '\n');
}

const CAUSES = {
  slow: /^Trouble: The LLM is slow: /,
  key: /^Trouble: The LLM refused the API key /,
  signature: /requests had no valid X-Twilio-Signature/,
  tool: /^Trouble: The tool "book" failed /,
  flood: /^Trouble: Callers flood the server: /
};

async function main() {
  const browser = await chromium.launch({ args: ['--no-sandbox'],
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium' });
  const complaints = [], elsewhere = [];

  async function open(options) {
    const context = await browser.newContext(options);
    const page = await context.newPage();

    page.on('console', m => {
      if (m.type() === 'error' || m.type() === 'warning')
        complaints.push(m.text());
    });
    page.on('pageerror', e => complaints.push(e.message));
    page.on('request', r => {
      if (!r.url().startsWith(url)) elsewhere.push(r.url());
    });
    await page.goto(url);
    await page.waitForSelector('#figures:not([hidden])');
    return page;
  }

  const desk = { viewport: { width: 1280, height: 800 }, locale: 'en-GB' };
  const phone = { viewport: { width: 375, height: 720 }, locale: 'en-GB',
    hasTouch: true, isMobile: true };

  /* nothing is wrong yet */

  const page = await open(desk);

  ok(/^Nothing is wrong\.$/.test((await page.textContent('#causes')).trim()),
    'all is well');
  ok(await page.title() === 'well – convrelay', 'and the title says so',
    await page.title());

  /* a live region speaks when the verdict changes, and not at each poll */

  await page.evaluate(() => {
    window.spoken = [];
    window.rows = 0;
    new MutationObserver(() => spoken.push(
      document.getElementById('verdict').textContent))
      .observe(document.getElementById('verdict'),
        { childList: true, characterData: true, subtree: true });
    new MutationObserver(() => rows++)
      .observe(document.getElementById('causes'), { childList: true });
  });

  const polled = () => page.waitForResponse(r => r.url().endsWith('?data'));

  await polled();
  await polled();
  ok((await page.evaluate(() => spoken)).length === 0
    && (await page.evaluate(() => rows)) <= 1,
    'nothing is announced while nothing changes');
  ok(await page.getAttribute('#causes', 'aria-live') === null,
    'the list itself is not live');

  /* calls of both workers */

  const [held, ...each] = (await ask('calls 2')).split(' ');

  ok(each.length === 2 && each[0] > 0, held + ' calls, of two workers: ' + each);

  /* one counts for all workers */

  await ask('calm');
  await polled();
  await polled();
  const tile = (await page.locator('#tiles div').first().textContent());
  const figures = await ask('figures');

  ok(figures === held && tile.startsWith('Live calls' + held),
    'all calls are counted, of both workers', tile + ' of ' + figures);

  /* the five troubles: each is named in the first screen */

  for (const name of Object.keys(CAUSES)) {
    await ask('trouble ' + name);
    const list = page.locator('#causes li');
    let found = -1;

    for (let i = 0; i < 4 && found < 0; i++) {
      await polled();
      await page.waitForTimeout(100);
      found = (await list.allTextContents()).findIndex(t =>
        CAUSES[name].test(t));
    }
    const box = found < 0 ? null : await list.nth(found).boundingBox();
    ok(box && box.y + box.height <= 800, name + ' is in the first screen',
      (await list.allTextContents()).join('\n'));

    if (name !== 'slow') continue;

    const small = await open({ ...phone, colorScheme: 'dark' });
    const first = await small.locator('#causes li').first().boundingBox();
    const tiles = await small.locator('#tiles').boundingBox();
    ok(first.y + first.height < 300 && tiles.y < 400,
      '... on a phone, too, and below it what callers notice');
    await small.screenshot({ path: dir + '/status-dark.png' });
    await small.close();
  }

  const spoken = await page.evaluate(() => window.spoken);

  ok(spoken.length >= 5 && spoken.length <= 6
    && /API key/.test(spoken[spoken.length - 1]),
    'each change of the verdict is announced, once', spoken.join('\n'));

  ok(/^5 problems/.test(await page.title()), 'the title counts them',
    await page.title());

  /* reading: names, roles, pictures in words */

  for (const id of ['g-calls', 'g-word']) {
    const g = page.locator('#' + id);
    const name = await g.getAttribute('aria-label');

    ok(await g.getAttribute('role') === 'img' && /\d/.test(name),
      id + ' is a picture that says: ' + name);
  }

  const tree = await page.locator('body').ariaSnapshot();

  for (const part of ['heading "convrelay" [level=1]', 'button "Pause"',
    'list "What is wrong"', 'heading "Live calls" [level=2]',
    'heading "Failures of the LLM"', 'rowheader "API key refused (401, 403)"',
    'rowheader "the caller hung up"', 'columnheader "Location"',
    'rowheader "book"', 'columnheader "whole answer, p95"',
    'link "The same figures as JSON"', 'main:',
    'contentinfo:', 'img "Live calls over ten minutes'])
    ok(tree.includes(part), 'a screen reader finds ' + part, tree);

  /* the keyboard */

  const stops = [];
  for (let i = 0; i < 3; i++) {
    await page.keyboard.press('Tab');
    stops.push(await page.evaluate(() => {
      const e = document.activeElement;
      const s = getComputedStyle(e);
      return [e.id || e.tagName, s.outlineStyle, s.outlineWidth].join(' ');
    }));
  }
  ok(stops.join() === 'pause solid 3px,where solid 3px,A solid 3px',
    'Tab goes through what can be used, and shows where it is', stops.join());

  await page.focus('#pause');
  await page.keyboard.press('Enter');
  ok(await page.textContent('#pause') === 'Go on', 'Enter pauses it');
  let asked = 0;
  page.on('request', () => asked++);
  await page.waitForTimeout(6000);
  ok(asked === 0, 'and then nothing is asked');
  await page.keyboard.press('Space');
  await polled();
  ok(await page.textContent('#pause') === 'Pause', 'Space goes on');
  ok(await page.evaluate(() => document.activeElement.id) === 'pause',
    'the focus stays where it is');

  await page.evaluate(() => document.activeElement.blur());
  await page.screenshot({ path: dir + '/status-light.png', fullPage: true });
  ok((await contrast(page)).length === 0, 'texts can be read on white',
    (await contrast(page)).join('\n'));

  const dark = await open({ ...desk, colorScheme: 'dark' });
  ok(await dark.evaluate(() => getComputedStyle(document.body)
    .backgroundColor) === 'rgb(20, 23, 27)', 'at night it is dark');
  ok((await contrast(dark)).length === 0, 'texts can be read on black',
    (await contrast(dark)).join('\n'));
  await dark.close();

  /* a phone, and the largest letters */

  const small = await open({ ...phone, colorScheme: 'dark' });
  const fits = p => p.evaluate(() => document.documentElement.scrollWidth
    <= document.documentElement.clientWidth);

  ok(await fits(small), 'on a phone nothing is cut off');
  ok(await small.evaluate(() => [...document.querySelectorAll('svg text')]
    .every(t => t.getBoundingClientRect().height >= 11)),
    'and the letters of the charts are not smaller');
  await small.setViewportSize({ width: 320, height: 640 });
  ok(await fits(small), 'nor on the smallest one');
  await small.close();

  /* without its script */

  const plain = await browser.newContext({ javaScriptEnabled: false });
  const text = await plain.newPage();
  await text.goto(url);
  ok(/API key/.test(await text.textContent('#causes')),
    'without scripts the causes are there');
  ok(await text.locator('meta[http-equiv=refresh]').count() === 1,
    'and come again');
  await plain.close();

  /* a reload goes on, an end is seen */

  await ask('reload');
  await polled();
  await polled();
  ok(/old workers/.test(await page.locator('#tiles div').first().textContent()),
    'after a reload the calls are those of old workers');

  ok(elsewhere.length === 0, 'no request goes elsewhere', elsewhere.join());
  ok(complaints.length === 0, 'no violation of the CSP, and no other complaint',
    complaints.join('\n'));

  await ask('stop');
  await page.waitForFunction(() => document.getElementById('age').className
    === 'bad', null, { timeout: 20000 });
  ok(/^No answer from nginx/.test(await page.textContent('#age')),
    'and when nginx is gone, the page says so');

  await browser.close();
  process.stdout.write('1..' + n + '\n');
  process.exit(bad ? 1 : 0);
}

main().catch(e => {
  process.stdout.write('not ok - ' + e.stack.replace(/\n/g, '\n# ') + '\n');
  process.exit(1);
});
