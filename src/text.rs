//! Short strings, put together and taken apart without the standard library's formatting and search, each use of which
//! is large in the package: one search for a word is four kilobytes.

/// The parts, one after the other.
pub fn join(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
    }
    text
}

/// A number in decimal.
pub fn decimal(number: u64) -> String {
    let mut text = if number < 10 { String::new() } else { decimal(number / 10) };
    text.push(char::from(b'0' + (number % 10) as u8));
    text
}

/// Something with its number, such as an id.
pub fn numbered(prefix: &str, number: u32) -> String {
    join(&[prefix, &decimal(number.into())])
}

/// What is before the first of these ASCII characters, and the rest, which begins with it.
pub fn cut<'a>(text: &'a str, at: &[u8]) -> (&'a str, &'a str) {
    let mut place = 0;
    for byte in text.bytes() {
        #[allow(clippy::manual_contains)] // It is made for the search of long texts, and 400 bytes of code.
        if at.iter().any(|end| *end == byte) {
            break;
        }
        place += 1;
    }
    text.split_at_checked(place).unwrap_or((text, ""))
}

/// Without the slashes at its end.
pub fn without_slashes(mut path: &str) -> &str {
    while let Some(shorter) = path.strip_suffix("/") {
        path = shorter;
    }
    path
}

/// The bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = String::new();
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(DIGITS.get(usize::from(digit)).copied().map_or('0', char::from));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_put_together() {
        assert_eq!(join(&["a", "", "bc"]), "abc");
        assert_eq!(numbered("id", 42), "id42");
        for number in [0, 9, 10, 1_234_567_890, u64::MAX] {
            assert_eq!(decimal(number), number.to_string());
        }
        assert_eq!(hex(&[0, 0x2f, 0xff]), "002FFF");
    }

    #[test]
    fn texts_are_taken_apart() {
        assert_eq!(cut("path?query#hash", b"?#"), ("path", "?query#hash"));
        assert_eq!(cut("ä=b", b"="), ("ä", "=b"));
        assert_eq!(cut("path", b"?#"), ("path", ""));
        assert_eq!(without_slashes("http://a/b//"), "http://a/b");
        assert_eq!(without_slashes("/"), "");
    }
}
