/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// The filter of the report. Without it the page is complete, only longer.

"use strict";

const form = document.querySelector(".filter");
const text = form.querySelector("input");
const kind = form.querySelector("select");
const output = form.querySelector("output");

// What is looked through: once, as asking the document again and again is slow with thousands of rows.
const files = Array.from(document.querySelectorAll("details.file"), element => ({
  element,
  open: element.open,
  rows: Array.from(element.querySelectorAll("tbody tr"), row => ({
    row,
    text: `${element.dataset.path} ${row.cells[0].textContent}`.toLowerCase(),
    kinds: row.dataset.kinds.split(" "),
  })),
}));
const articles = Array.from(document.querySelectorAll("article"), element => ({
  element,
  text: element.textContent.toLowerCase(),
}));

function apply() {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = found => words.every(word => found.includes(word));
  const filtered = words.length > 0 || kind.value !== "";
  let shown = 0;
  for (const file of files) {
    let any = false;
    for (const one of file.rows) {
      const fit = fits(one.text) && (kind.value === "" || one.kinds.includes(kind.value));
      one.row.hidden = !fit;
      any = any || fit;
      shown += fit ? 1 : 0;
    }
    file.element.hidden = !any;
    file.element.open = filtered ? any : file.open;
  }
  for (const article of articles) {
    article.element.hidden = !fits(article.text);
  }
  output.value = filtered ? `${shown} ${shown === 1 ? "row" : "rows"} shown` : "";
}

text.addEventListener("input", apply);
kind.addEventListener("change", apply);
form.addEventListener("submit", event => event.preventDefault());
form.hidden = false;
