//! The `aws-chunked` encoding of S3 uploads.
//!
//! Source: "Signature calculations: transferring payload in multiple chunks" and "Trailing headers" in the Amazon S3
//! API reference. Chunk signatures are skipped; checksums in the trailer become headers, which s3s checks.

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue};

const BROKEN: &str = "the aws-chunked body is broken";

/// Decodes a whole body and rewrites the headers to those of the same request without the encoding.
pub(super) fn decode(headers: &mut HeaderMap, body: &Bytes) -> Result<Bytes, &'static str> {
    let (data, trailer) = split(body)?;
    if let Some(length) = headers.remove("x-amz-decoded-content-length")
        && length.to_str().ok().and_then(|text| text.parse().ok()) != Some(data.len())
    {
        return Err("the body has not the length of x-amz-decoded-content-length");
    }
    headers.remove("x-amz-trailer");
    for line in trailer.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        if !name.starts_with(b"x-amz-checksum-") {
            continue;
        }
        let name = HeaderName::from_bytes(name).map_err(|_| BROKEN)?;
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        headers.insert(name, HeaderValue::from_bytes(value).map_err(|_| BROKEN)?);
    }
    without_coding(headers);
    Ok(data)
}

/// Splits `size[;chunk-signature=...]CRLF data CRLF ... 0[;...]CRLF trailer` into its data and its trailer.
fn split(body: &Bytes) -> Result<(Bytes, Bytes), &'static str> {
    let mut data = BytesMut::with_capacity(body.len());
    let mut rest = body.clone();
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").ok_or(BROKEN)?;
        let line = rest.split_to(end);
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let size =
            std::str::from_utf8(size).ok().and_then(|text| usize::from_str_radix(text, 16).ok()).ok_or(BROKEN)?;
        let _ = rest.split_to(2);
        if size == 0 {
            return Ok((data.freeze(), rest));
        }
        if rest.len() < size.saturating_add(2) {
            return Err(BROKEN);
        }
        data.extend_from_slice(&rest.split_to(size));
        if rest.split_to(2) != b"\r\n".as_slice() {
            return Err(BROKEN);
        }
    }
}

/// Removes `aws-chunked` from `Content-Encoding` and keeps other values, such as `gzip`.
fn without_coding(headers: &mut HeaderMap) {
    let Some(coding) = headers.remove(CONTENT_ENCODING) else { return };
    let kept: Vec<_> = coding
        .to_str()
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    if !kept.is_empty()
        && let Ok(value) = HeaderValue::from_str(&kept.join(","))
    {
        headers.insert(CONTENT_ENCODING, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn a_signed_chunked_upload_is_the_plain_one_with_its_checksum() {
        let mut headers = headers(&[
            ("content-encoding", "gzip,aws-chunked"),
            ("x-amz-decoded-content-length", "11"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
        ]);
        let body = "6;chunk-signature=ab\r\nhello \r\n5;chunk-signature=cd\r\nworld\r\n0;chunk-signature=ef\r\n\
                    x-amz-checksum-crc32:DUoRhQ==\r\nx-amz-trailer-signature:00\r\n\r\n";
        assert_eq!(decode(&mut headers, &Bytes::from_static(body.as_bytes())).unwrap(), "hello world");
        assert_eq!(headers["x-amz-checksum-crc32"], "DUoRhQ==");
        assert_eq!(headers["content-encoding"], "gzip");
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn a_cut_or_lying_chunk_is_refused_without_a_panic() {
        let whole = "5\r\nhello\r\n0\r\n\r\n";
        for end in 0..10 {
            let cut = Bytes::copy_from_slice(&whole.as_bytes()[..end]);
            assert!(decode(&mut HeaderMap::new(), &cut).is_err(), "cut after {end} bytes");
        }
        let sizes = ["ffffffffffffffff\r\nx\r\n0\r\n\r\n", "4\r\nhello\r\n0\r\n\r\n", "-1\r\n\r\n", "zz\r\n"];
        for body in sizes {
            assert!(decode(&mut HeaderMap::new(), &Bytes::from_static(body.as_bytes())).is_err(), "{body}");
        }
        let mut wrong = headers(&[("x-amz-decoded-content-length", "4")]);
        assert!(decode(&mut wrong, &Bytes::from_static(whole.as_bytes())).is_err());
    }
}
