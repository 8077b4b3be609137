/*
 * Copyright (C) convrelay contributors
 *
 * The texts of a page whose contrast is too low: WCAG 2.2, 1.4.3.
 */

'use strict';

module.exports = page => page.evaluate(() => {
  const rgb = s => s.match(/[\d.]+/g).map(Number);
  const light = c => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((a, v, i) => a + v * [.2126, .7152, .0722][i], 0);
  const under = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c[3] !== 0) return c;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(c => c.nodeType === 3
      && c.data.trim());
    if (!own || !e.getClientRects().length
      || ['SCRIPT', 'NOSCRIPT'].includes(e.tagName)) continue;
    const s = getComputedStyle(e);
    const a = light(rgb(e instanceof SVGElement ? s.fill : s.color));
    const b = light(under(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) low.push(e.textContent + ' ' + ratio.toFixed(1));
  }
  return low;
});
