# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Layers, documents and interfaces."""

import tempfile
import unittest
from pathlib import Path

from tidy import documents, idl, layers
from tidy.files import Source


def graph(*edges: tuple[str, str], members: tuple[str, ...], kind: str | None = None) -> dict:
    """What `cargo metadata` gives for these dependencies."""
    names = {name for edge in edges for name in edge} | set(members)
    return {
        "packages": [{"id": name, "name": name} for name in names],
        "workspace_members": list(members),
        "resolve": {
            "nodes": [
                {
                    "id": name,
                    "deps": [{"pkg": to, "dep_kinds": [{"kind": kind}]} for start, to in edges if start == name],
                }
                for name in names
            ]
        },
    }


class LayerTest(unittest.TestCase):
    def test_the_contract_uses_only_what_is_allowed(self):
        data = graph((layers.TRAITS, "serde"), (layers.TRAITS, "url"), members=(layers.TRAITS,))
        self.assertEqual(
            list(layers.judge(data)), ["direct-sockets-traits depends on url, which the contract may not use"]
        )

    def test_a_pure_crate_may_not_reach_a_runtime_through_another(self):
        policy = "direct-sockets-policy"
        data = graph((policy, "sfv"), ("sfv", "tokio"), members=(policy,))
        self.assertEqual(list(layers.judge(data)), ["direct-sockets-policy reaches tokio"])

    def test_dependencies_of_tests_do_not_count(self):
        data = graph((layers.TRAITS, "tokio"), members=(layers.TRAITS,), kind="dev")
        self.assertEqual(list(layers.judge(data)), [])

    def test_dependencies_go_one_way(self):
        data = graph(("direct-sockets-net", "direct-sockets-broker"), members=("direct-sockets-net",))
        self.assertEqual(len(list(layers.judge(data))), 1)

    def test_only_net_names_socket_types(self):
        text = "use std::net::TcpStream;\n// tokio::spawn is for net\nlet x = tokio::spawn(y);\n"
        self.assertEqual(len(list(layers.os_sockets(Source("components/script/dom/x.rs", text)))), 2)
        self.assertEqual(list(layers.os_sockets(Source("components/net/src/x.rs", text))), [])
        self.assertEqual(list(layers.os_sockets(Source("components/broker/tests/x.rs", text))), [])

    def test_the_page_s_own_classes_may_be_named(self):
        text = "pub(crate) struct TCPSocket;\nfn udp(socket: &UDPSocket) {}\n"
        self.assertEqual(list(layers.os_sockets(Source("components/script/dom/x.rs", text))), [])

    def test_queues_without_a_bound_are_found(self):
        text = "let (a, b) = crossbeam_channel::unbounded();\n"
        self.assertEqual(len(list(layers.unbounded(Source("components/net/src/x.rs", text)))), 1)


class DocumentTest(unittest.TestCase):
    def test_paths_that_do_not_exist_are_found(self):
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            (root / "components/net").mkdir(parents=True)
            text = "`components/net/` and `components/gone/x.rs` and `components/n*`\n"
            self.assertEqual(
                list(documents.paths_exist(root, Source("README.md", text))),
                ["README.md:1: components/gone/x.rs does not exist"],
            )

    def test_verbs_that_do_not_exist_are_found(self):
        source = Source("README.md", "Run ./mach run or ./mach fly.\n")
        self.assertEqual(len(list(documents.verbs_exist({"run"}, source))), 1)

    def test_verbs_that_nobody_tells_of_are_found(self):
        sources = [Source("CONTRIBUTING.md", "`./mach run`\n| `build` | builds |\n")]
        self.assertEqual(
            list(documents.verbs_are_told({"run", "build", "fork"}, sources)),
            ["CONTRIBUTING.md: says nothing of `./mach fork`"],
        )


REFERENCE = """
[Exposed=(Window, Worker), SecureContext]
interface A {
  constructor(DOMString x, optional B b = {}); // note
  readonly attribute Promise<undefined> opened;
};
dictionary B { boolean c = false; };
enum E { "one", "two" };
"""


class IdlTest(unittest.TestCase):
    def check(self, text: str) -> list[str]:
        sources = [Source(idl.REFERENCE, REFERENCE), Source("webidls/A.webidl", text)]
        return list(idl.verbatim(sources))

    def test_engine_attributes_and_white_space_are_no_difference(self):
        text = REFERENCE.replace("SecureContext]", 'SecureContext, Pref="x_enabled"]').replace(
            "  constructor", "    [Throws]\n    constructor"
        )
        self.assertEqual(self.check("// https://example.com\n" + text), [])

    def test_differences_and_inventions_are_found(self):
        self.assertEqual(len(self.check(REFERENCE.replace("= false", "= true"))), 1)
        self.assertEqual(len(self.check(REFERENCE.replace("SecureContext", "Global"))), 1)
        self.assertEqual(self.check("dictionary C { };"), ["webidls/A.webidl: C is not in the specification"])
