/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::ImageFormat;
use servo::RgbaImage;

use crate::error::{Error, Result};

/// A picture of the page.
#[derive(Clone, Debug)]
pub struct Screenshot(pub(crate) RgbaImage);

impl Screenshot {
    /// In device pixels.
    pub fn width(&self) -> u32 {
        self.0.width()
    }

    /// In device pixels.
    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// Red, green, blue, alpha; row by row from the top.
    pub fn rgba(&self) -> &[u8] {
        self.0.as_raw()
    }

    /// The colour of one pixel; `None` outside of the picture.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        self.0.get_pixel_checked(x, y).map(|pixel| pixel.0)
    }

    /// The picture as a PNG file.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.0
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .map_err(|error| Error::Screenshot {
                reason: error.to_string(),
            })?;
        Ok(bytes)
    }

    /// Write the picture to a PNG file.
    pub fn save_png(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        fs::write(path, self.to_png()?).map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
        })
    }
}
