/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::collections::BTreeSet;

use direct_sockets_trace::ALL;
use libtest_mimic::Trial;

use crate::trials;

pub fn tests() -> Vec<Trial> {
    trials!(name: the_table_has_each_name_and_no_other)
}

fn the_table_has_each_name_and_no_other() {
    let document = std::fs::read_to_string("../../ARCHITECTURE.md").unwrap();
    let table = document.split_once("\n## The timeline\n").unwrap().1;
    let table = table.split_once("\n## ").unwrap().0;
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let told: BTreeSet<String> = rows
        .map(|row| row.split_once('`').unwrap().0.to_owned())
        .collect();
    let known = ALL.iter().copied().flatten();
    let known: BTreeSet<String> = known
        .map(|name| format!("{}.{}", name.category, name.name))
        .collect();
    assert_eq!(told, known);
}
