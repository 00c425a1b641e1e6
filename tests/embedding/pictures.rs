/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Pictures of the page.

use std::fs;

use direct_sockets_webview::Screenshot;

use crate::harness::{self, TestResult, ensure, open, same, text};

harness::tests! {
    both: [a_picture_has_the_colours_of_the_page],
    single: [a_picture_follows_the_page, a_picture_becomes_a_png_file, a_resized_page_gives_a_larger_picture]
}

const PAGE: &str = "<style>
    body { margin: 0; background: rgb(200, 30, 60); }
    div { width: 100px; height: 50px; background: rgb(0, 120, 255); }
</style><div></div>";

fn pixel(picture: &Screenshot, x: u32, y: u32) -> Result<[u8; 4], String> {
    picture.pixel(x, y).ok_or(format!("no pixel at {x}, {y}"))
}

fn a_picture_has_the_colours_of_the_page() -> TestResult {
    let webview = open(PAGE)?;
    let picture = webview.screenshot().map_err(text)?;
    same("size", (picture.width(), picture.height()), (320, 240))?;
    same("in the box", pixel(&picture, 50, 25)?, [0, 120, 255, 255])?;
    same(
        "beside the box",
        pixel(&picture, 150, 25)?,
        [200, 30, 60, 255],
    )?;
    same(
        "below the box",
        pixel(&picture, 50, 200)?,
        [200, 30, 60, 255],
    )?;
    same("outside", picture.pixel(320, 0), None)?;
    same("bytes", picture.rgba().len(), 320 * 240 * 4)
}

fn a_picture_follows_the_page() -> TestResult {
    let webview = open(PAGE)?;
    webview.screenshot().map_err(text)?;
    webview
        .evaluate("document.body.style.background = 'rgb(1, 250, 3)'; 1")
        .map_err(text)?;
    let picture = webview.screenshot().map_err(text)?;
    same("below the box", pixel(&picture, 50, 200)?, [1, 250, 3, 255])
}

fn a_picture_becomes_a_png_file() -> TestResult {
    let webview = open(PAGE)?;
    let directory = tempfile::tempdir().map_err(text)?;
    let path = directory.path().join("page.png");
    webview.save_screenshot(&path).map_err(text)?;
    let bytes = fs::read(&path).map_err(text)?;
    ensure(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "not a PNG file")?;
    let image = image::load_from_memory(&bytes).map_err(text)?.to_rgba8();
    same("in the box", image.get_pixel(50, 25).0, [0, 120, 255, 255])?;
    let error = webview
        .save_screenshot("/nowhere/at/all.png")
        .err()
        .ok_or("written nowhere")?;
    ensure(
        error.to_string().contains("/nowhere/at/all.png"),
        format!("the path is not in: {error}"),
    )
}

fn a_resized_page_gives_a_larger_picture() -> TestResult {
    let webview = open(PAGE)?;
    webview.resize(400, 300);
    let picture = webview.screenshot().map_err(text)?;
    same("size", (picture.width(), picture.height()), (400, 300))?;
    same(
        "in the corner",
        pixel(&picture, 399, 299)?,
        [200, 30, 60, 255],
    )
}
