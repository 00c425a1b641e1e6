/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Whether a document asks to be isolated from other origins, for embedders that want that on top of the policy.
//!
//! Servo has no isolation of its own: nothing here says that it is enforced, only that the page has asked for it
//! with its `Cross-Origin-Opener-Policy` and `Cross-Origin-Embedder-Policy` headers, as a page must that wants to be
//! `crossOriginIsolated` elsewhere.

use sfv::{BareItem, Item, Parser};

use crate::container_policy::ContainerPolicy;

/// The feature that lets a frame of another origin be isolated like the document around it.
pub(crate) const FEATURE: &str = "cross-origin-isolated";

/// The headers of a response that count.
#[derive(Clone, Copy, Debug, Default)]
pub struct IsolationHeaders<'a> {
    /// `Cross-Origin-Opener-Policy`
    pub opener_policy: Option<&'a [u8]>,
    /// `Cross-Origin-Embedder-Policy`
    pub embedder_policy: Option<&'a [u8]>,
}

/// Whether a document is isolated: at the top by both headers; in a frame if the document around it is, passes it on
/// to this origin, and the response of the frame has the second one. `is_local` is a document that takes over the
/// policies of another, as `about:blank`, `about:srcdoc` and `blob:` do.
///
/// <https://html.spec.whatwg.org/multipage/#obtain-an-embedder-policy>
pub fn is_isolated(
    container: Option<&ContainerPolicy>,
    headers: IsolationHeaders<'_>,
    own_origin: &str,
    is_local: bool,
) -> bool {
    let embedder_policy = || is_word(headers.embedder_policy, &["require-corp", "credentialless"]);
    match container {
        None => is_word(headers.opener_policy, &["same-origin"]) && embedder_policy(),
        Some(container) => {
            container.passes_isolation_on(own_origin) && (is_local || embedder_policy())
        },
    }
}

/// Whether a structured field is one of these tokens, whatever its parameters.
fn is_word(field: Option<&[u8]>, words: &[&str]) -> bool {
    let item = field.and_then(|field| Parser::new(field).parse::<Item>().ok());
    matches!(
        item.map(|item| item.bare_item),
        Some(BareItem::Token(token)) if words.contains(&token.as_str())
    )
}
