/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Scripts as TARGET.

use crate::support::{
    self, Files, SCRIPT_MODES, Shell, TestResult, echo_server, ensure, run_script, text,
};

support::tests! {
    each_mode(SCRIPT_MODES): [
        a_script_talks_to_an_echo_server,
        arguments_belong_to_the_script,
        a_script_that_throws_at_once_fails_with_file_and_line,
        a_script_that_throws_after_an_await_fails_with_file_and_line,
        an_import_that_fails_is_named,
        the_folder_is_served,
        an_unhandled_rejection_fails,
        an_error_in_a_timer_fails,
        a_handled_rejection_does_not_fail,
        a_script_can_close_itself,
        closing_itself_does_not_hide_an_error,
        a_refused_connection_says_why,
    ],
    once: [
        worker_runs_in_a_worker,
        a_syntax_error_has_file_and_line,
        a_syntax_error_of_an_import_has_its_file_and_line,
        what_is_thrown_need_not_be_an_error,
        a_failed_import_that_is_caught_does_not_fail,
        an_import_of_another_origin_is_named,
        an_import_with_a_wrong_type_is_named,
        mjs_is_a_module_too,
        names_with_spaces_and_umlauts_work,
        a_relative_path_works,
        a_script_may_be_a_symbolic_link,
        files_outside_of_the_folder_are_not_served,
        permissions_policy_is_the_header_of_the_page,
        a_script_that_changes_everything_still_ends,
        a_hostile_argument_cannot_end_the_starter,
        the_pages_of_scripts_are_secure,
        idl_02_worklets_have_none_of_the_interfaces,
        idl_02_worklets_have_none_of_the_interfaces_multiprocess,
    ]
}

/// Ten lines as a user would write them.
const HELLO: &str = "const [host, port] = args;
const socket = new TCPSocket(host, Number(port));
const { readable, writable } = await socket.opened;
const writer = writable.getWriter();
await writer.write(new TextEncoder().encode('hello over TCP'));
await writer.close();
const text = await new Response(readable).text();
await socket.closed;
console.log('the server said:', text);
";

fn a_script_talks_to_an_echo_server(options: &[&str]) -> TestResult {
    let port = echo_server()?.to_string();
    run_script(options, HELLO, &["127.0.0.1", &port])?
        .expect_status(0)?
        .expect_stdout("the server said: hello over TCP\n")?
        .expect_no_error()
        .map(drop)
}

fn arguments_belong_to_the_script(options: &[&str]) -> TestResult {
    let arguments = [
        "--worker",
        "-x",
        "--",
        "",
        "two words",
        "ü€😀",
        "</script>",
        "%s",
        "'\"\\",
    ];
    let outcome =
        run_script(options, "console.log(JSON.stringify(args));", &arguments)?.expect_status(0)?;
    let expected = serde_json::json!(arguments).to_string() + "\n";
    outcome
        .expect_stdout(&expected)?
        .expect_no_error()
        .map(drop)
}

fn a_script_that_throws_at_once_fails_with_file_and_line(options: &[&str]) -> TestResult {
    run_script(
        options,
        "console.log('before');\n\nthrow new RangeError('at once');\n",
        &[],
    )?
    .expect_status(1)?
    .expect_stdout("before\n")?
    .expect_error("RangeError: at once")?
    .expect_error("script.js:3:")
    .map(drop)
}

fn a_script_that_throws_after_an_await_fails_with_file_and_line(options: &[&str]) -> TestResult {
    let script = "function later() {
    throw new RangeError('later');
}
console.log('before');
await new Promise((resolve) => setTimeout(resolve, 20));
later();
";
    run_script(options, script, &[])?
        .expect_status(1)?
        .expect_stdout("before\n")?
        .expect_error("script.js:2:")?
        // The stack.
        .expect_error("script.js:6:")?
        .expect_error("RangeError: later")
        .map(drop)
}

fn an_import_that_fails_is_named(options: &[&str]) -> TestResult {
    for script in [
        "import './missing.js';",
        "await import('./missing.js');",
        "import './there.js';",
    ] {
        let files =
            Files::with("script.js", script)?.and("there.js", "import './sub/../missing.js';")?;
        Shell::new()
            .args(options)
            .arg(files.path("script.js"))
            .run()?
            .expect_status(1)?
            .expect_one_line_of_error()?
            .expect_error("/missing.js")?
            .expect_error("no such file")?;
    }
    Ok(())
}

fn the_folder_is_served(options: &[&str]) -> TestResult {
    let files = Files::with(
        "script.js",
        "import { one } from './one.js';
         import two from './sub/two.mjs';
         const { three } = await import('./three.js?query');
         const four = await (await fetch('four.json')).json();
         console.log(one, two, three, four.four, new URL('.', import.meta.url).pathname);",
    )?
    .and("one.js", "export const one = 1;")?
    .and(
        "sub/two.mjs",
        "import { one } from '../one.js'; export default one + 1;",
    )?
    .and("three.js", "export const three = 3;")?
    .and("four.json", "{\"four\": 4}")?;
    Shell::new()
        .args(options)
        .arg(files.path("script.js"))
        .run()?
        .expect_status(0)?
        .expect_stdout("1 2 3 4 /\n")?
        .expect_no_error()
        .map(drop)
}

fn an_unhandled_rejection_fails(options: &[&str]) -> TestResult {
    run_script(
        options,
        "\nPromise.reject(new Error('nobody cares'));\nconsole.log('end');",
        &[],
    )?
    .expect_status(1)?
    .expect_stdout("end\n")?
    .expect_error("script.js:2:")?
    .expect_error("nobody cares")
    .map(drop)
}

fn an_error_in_a_timer_fails(options: &[&str]) -> TestResult {
    let script = "setTimeout(() => {
    throw new Error('in a timer');
});
await new Promise((resolve) => setTimeout(resolve, 50));
console.log('end');";
    run_script(options, script, &[])?
        .expect_status(1)?
        .expect_stdout("end\n")?
        .expect_error("script.js:2:")?
        .expect_error("in a timer")
        .map(drop)
}

fn a_handled_rejection_does_not_fail(options: &[&str]) -> TestResult {
    let script = "addEventListener('unhandledrejection', (event) => event.preventDefault());
Promise.reject(new Error('prevented'));
const late = Promise.reject(new Error('handled in time'));
late.catch(() => console.log('caught'));
try { await Promise.reject(new Error('awaited')); } catch { console.log('awaited'); }";
    run_script(options, script, &[])?
        .expect_status(0)?
        .expect_stdout("caught\nawaited\n")
        .map(drop)
}

fn a_script_can_close_itself(options: &[&str]) -> TestResult {
    let script = "console.log('closing'); globalThis.close(); await new Promise(() => {});";
    run_script(options, script, &[])?
        .expect_status(0)?
        .expect_stdout("closing\n")?
        .expect_no_error()
        .map(drop)
}

fn closing_itself_does_not_hide_an_error(options: &[&str]) -> TestResult {
    let script = "setTimeout(() => { throw new Error('before the end'); });
await new Promise((resolve) => setTimeout(resolve, 50));
globalThis.close();
await new Promise(() => {});";
    run_script(options, script, &[])?
        .expect_status(1)?
        .expect_error("script.js:1:")?
        .expect_error("not handled")?
        .expect_error("before the end")
        .map(drop)
}

fn a_refused_connection_says_why(options: &[&str]) -> TestResult {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map_err(text)?
        .port();
    run_script(
        options,
        "await new TCPSocket('127.0.0.1', Number(args[0])).opened;",
        &[&port.to_string()],
    )?
    .expect_status(1)?
    .expect_stdout("")?
    .expect_error("script.js")?
    .expect_error("NetworkError")?
    .expect_error("refused")
    .map(drop)
}

fn worker_runs_in_a_worker() -> TestResult {
    let script = "console.log(typeof window, self.constructor.name);";
    run_script(&["--worker"], script, &[])?
        .expect_status(0)?
        .expect_stdout("undefined DedicatedWorkerGlobalScope\n")?;
    run_script(&[], script, &[])?
        .expect_status(0)?
        .expect_stdout("object Window\n")
        .map(drop)
}

fn a_syntax_error_has_file_and_line() -> TestResult {
    run_script(&[], "const a = 1;\nconst b = ;\n", &[])?
        .expect_status(1)?
        .expect_error("SyntaxError")?
        .expect_error("script.js:2:")
        .map(drop)
}

fn a_syntax_error_of_an_import_has_its_file_and_line() -> TestResult {
    let files =
        Files::with("script.js", "import './broken.js';")?.and("broken.js", "\n\nconst b = ;\n")?;
    Shell::new()
        .arg(files.path("script.js"))
        .run()?
        .expect_status(1)?
        .expect_error("SyntaxError")?
        .expect_error("broken.js:3:")
        .map(drop)
}

fn what_is_thrown_need_not_be_an_error() -> TestResult {
    for (thrown, shown) in [
        ("'a text'", "a text"),
        ("null", "null"),
        ("undefined", "undefined"),
        ("42", "42"),
        (
            "new DOMException('why', 'NetworkError')",
            "NetworkError: why",
        ),
        ("{ toString() { throw 1; } }", "cannot be shown"),
        ("Symbol('s')", "Symbol(s)"),
    ] {
        run_script(&[], &format!("throw {thrown};"), &[])?
            .expect_status(1)?
            .expect_error("script.js")?
            .expect_error(shown)?;
    }
    Ok(())
}

fn a_failed_import_that_is_caught_does_not_fail() -> TestResult {
    let script = "await import('./missing.js').catch((error) => console.log(error.name));";
    run_script(&[], script, &[])?
        .expect_status(0)?
        .expect_stdout("TypeError\n")
        .map(drop)
}

fn an_import_of_another_origin_is_named() -> TestResult {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map_err(text)?
        .port();
    let url = format!("http://127.0.0.1:{port}/away.js");
    run_script(&[], &format!("import '{url}';"), &[])?
        .expect_status(1)?
        .expect_error(&url)
        .map(drop)
}

fn an_import_with_a_wrong_type_is_named() -> TestResult {
    let files =
        Files::with("script.js", "import './text.txt';")?.and("text.txt", "not a module")?;
    Shell::new()
        .arg(files.path("script.js"))
        .run()?
        .expect_status(1)?
        .expect_error("/text.txt")?
        .expect_error("text/plain")
        .map(drop)
}

fn mjs_is_a_module_too() -> TestResult {
    let files = Files::with(
        "script.mjs",
        "console.log(await Promise.resolve(import.meta.url.slice(-10)));",
    )?;
    Shell::new()
        .arg(files.path("script.mjs"))
        .run()?
        .expect_status(0)?
        .expect_stdout("script.mjs\n")
        .map(drop)
}

fn names_with_spaces_and_umlauts_work() -> TestResult {
    let name = "a folder/größe #1 100%?.js";
    let files = Files::with(name, "import './x y.js'; console.log(args[0]);")?
        .and("a folder/x y.js", "")?;
    Shell::new()
        .arg(files.path(name))
        .arg("works")
        .run()?
        .expect_status(0)?
        .expect_stdout("works\n")?
        .expect_no_error()
        .map(drop)
}

fn a_relative_path_works() -> TestResult {
    let files = Files::with("sub/script.js", "import './dep.js';")?
        .and("sub/dep.js", "console.log('dep');")?;
    for path in ["sub/script.js", "./sub/script.js", "sub/../sub/script.js"] {
        Shell::new()
            .directory(files.directory())
            .arg(path)
            .run()?
            .expect_status(0)?
            .expect_stdout("dep\n")?;
    }
    Shell::new()
        .directory(&files.path("sub"))
        .arg("script.js")
        .run()?
        .expect_status(0)?
        .expect_stdout("dep\n")
        .map(drop)
}

#[cfg(unix)]
fn a_script_may_be_a_symbolic_link() -> TestResult {
    let files = Files::with("real/script.js", "import './dep.js';")?
        .and("folder/dep.js", "console.log('beside');")?;
    std::os::unix::fs::symlink(files.path("real/script.js"), files.path("folder/link.js"))
        .map_err(text)?;
    Shell::new()
        .arg(files.path("folder/link.js"))
        .run()?
        .expect_status(0)?
        .expect_stdout("beside\n")
        .map(drop)
}

#[cfg(unix)]
fn files_outside_of_the_folder_are_not_served() -> TestResult {
    let script =
        "for (const path of ['/../secret.js', '/%2e%2e/secret.js', '/..%2fsecret.js', '/link.js',
    '/up/secret.js']) {
    console.log((await fetch(path)).status);
}";
    let files = Files::with("folder/script.js", script)?.and("secret.js", "'secret'")?;
    std::os::unix::fs::symlink(files.path("secret.js"), files.path("folder/link.js"))
        .map_err(text)?;
    std::os::unix::fs::symlink(files.directory(), files.path("folder/up")).map_err(text)?;
    Shell::new()
        .arg(files.path("folder/script.js"))
        .run()?
        .expect_status(0)?
        .expect_stdout(&"404\n".repeat(5))
        .map(drop)
}

fn permissions_policy_is_the_header_of_the_page() -> TestResult {
    let script =
        "try { new TCPSocket('127.0.0.1', 9).opened.catch(() => {}); console.log('allowed'); }
catch (error) { console.log(error.name); }";
    for (policy, expected) in [
        ("direct-sockets=()", "NotAllowedError\n"),
        ("direct-sockets=(self)", "allowed\n"),
        ("direct-sockets=*", "allowed\n"),
        ("camera=()", "allowed\n"),
    ] {
        for option in [
            vec!["--permissions-policy".to_owned(), policy.to_owned()],
            vec![format!("--permissions-policy={policy}")],
        ] {
            let option: Vec<&str> = option.iter().map(String::as_str).collect();
            run_script(&option, script, &[])?
                .expect_status(0)?
                .expect_stdout(expected)?;
        }
    }
    Ok(())
}

fn a_script_that_changes_everything_still_ends() -> TestResult {
    let script = "console.log('line');
console.group('group');
for (const name of ['log', 'info', 'error', 'warn']) console[name] = () => {};
JSON.stringify = () => '';
globalThis.setTimeout = () => {};
globalThis.console = null;
globalThis.args = null;";
    run_script(&[], script, &[])?.expect_status(0).map(drop)?;
    run_script(&["--worker"], script, &[])?
        .expect_status(0)
        .map(drop)
}

fn a_hostile_argument_cannot_end_the_starter() -> TestResult {
    let argument = "</script><script>console.log('injected')</script>";
    let outcome = run_script(&[], "console.log(args[0].length);", &[argument])?.expect_status(0)?;
    ensure(
        outcome.stdout == format!("{}\n", argument.len()),
        format!("{outcome:#?}"),
    )
}

fn the_pages_of_scripts_are_secure() -> TestResult {
    let script = "console.log(isSecureContext, location.protocol, typeof TCPSocket);";
    run_script(&[], script, &[])?
        .expect_status(0)?
        .expect_stdout("true https: function\n")
        .map(drop)
}

/// A worklet can tell nobody what it has but the console.
fn worklet(options: &[&str]) -> TestResult {
    const WORKLET: &str = "console.log('a worklet, with a paint', typeof registerPaint);
for (const name of ['TCPSocket', 'UDPSocket', 'TCPServerSocket']) {
    console.log(name, name in globalThis);
}
try {
    new TCPSocket('127.0.0.1', 9);
} catch (error) {
    console.log('the constructor:', error.name);
}
console.log('the end of the worklet');
";
    let files = Files::with(
        "page.js",
        "await CSS.paintWorklet.addModule('./worklet.js'); console.log('loaded');",
    )?
    .and("worklet.js", WORKLET)?;
    let outcome = Shell::new()
        .args(options)
        .args(["--pref", "dom_worklet_enabled=true"])
        .arg(files.path("page.js"))
        .run()?
        .expect_status(0)?;
    for line in [
        "a worklet, with a paint function",
        "TCPSocket false",
        "UDPSocket false",
        "TCPServerSocket false",
        "the constructor: ReferenceError",
        "the end of the worklet",
        "loaded",
    ] {
        ensure(
            outcome.stdout.lines().any(|said| said == line),
            format!("{line:?} is not in: {}", outcome.stdout),
        )?;
    }
    Ok(())
}

fn idl_02_worklets_have_none_of_the_interfaces() -> TestResult {
    worklet(&[])
}

fn idl_02_worklets_have_none_of_the_interfaces_multiprocess() -> TestResult {
    worklet(&["--multiprocess"])
}
