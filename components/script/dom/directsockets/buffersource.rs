/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Looking at the memory behind a `BufferSource`, which the generated conversion does not do.

#![expect(unsafe_code)]

use js::context::JSContext;
use js::conversions::{ConversionResult, FromJSValConvertible};
use js::jsapi::JS::{
    IsArrayBufferViewShared, IsResizableArrayBufferMaybeShared, IsResizableArrayBufferView,
};
use js::rust::HandleValue;

use crate::dom::bindings::buffer_source::get_buffer_source_copy;
use crate::dom::bindings::codegen::UnionTypes::ArrayBufferViewOrArrayBuffer;
use crate::dom::bindings::error::{Error, Fallible};

/// Convert a chunk to a `BufferSource` and get a copy of it.
///
/// <https://webidl.spec.whatwg.org/#js-buffer-source-types> without `[AllowShared]` and `[AllowResizable]`, then
/// <https://webidl.spec.whatwg.org/#dfn-get-buffer-source-copy>. A detached buffer is empty, not an error
/// (decision AMB-23).
pub(crate) fn copy_of_buffer_source(cx: &mut JSContext, chunk: HandleValue) -> Fallible<Vec<u8>> {
    let source = match ArrayBufferViewOrArrayBuffer::from_jsval(cx, chunk, ()) {
        Ok(ConversionResult::Success(source)) => source,
        Ok(ConversionResult::Failure(_)) => {
            return Err(Error::Type(
                c"The chunk is neither an ArrayBuffer nor a view of one.".to_owned(),
            ));
        },
        // An exception is pending: whoever turns this into a value takes it.
        Err(()) => return Err(Error::JSFailed),
    };
    let object = chunk.to_object();
    // SAFETY: The conversion has succeeded, so `object` is an object of the class that each function
    // asks for, or a wrapper of one that it may look through. It is rooted by `chunk`. None of the three
    // allocates or runs script. Memory that is shared must not reach `get_buffer_source_copy`, which
    // asserts that it is not.
    let (shared, resizable) = unsafe {
        match &source {
            ArrayBufferViewOrArrayBuffer::ArrayBufferView(_) => (
                IsArrayBufferViewShared(object),
                IsResizableArrayBufferView(object),
            ),
            ArrayBufferViewOrArrayBuffer::ArrayBuffer(_) => {
                (false, IsResizableArrayBufferMaybeShared(object))
            },
        }
    };
    if shared {
        return Err(Error::Type(
            c"The chunk is a view of shared memory.".to_owned(),
        ));
    }
    if resizable {
        return Err(Error::Type(c"The chunk's buffer is resizable.".to_owned()));
    }
    Ok(get_buffer_source_copy((&source).into()))
}
