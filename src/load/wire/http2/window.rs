//! How much the other side may still send (RFC 9113, 6.9), and when it is to be told that it may send more.

use super::frame::Code;

/// A window that is opened again when half of it is used up.
pub(super) struct Window {
    size: u32,
    left: u32,
}

impl Window {
    pub(super) fn new(size: u32) -> Self {
        Self { size, left: size }
    }

    /// So many bytes came: by how much the window is to be opened again, if it is.
    ///
    /// # Errors
    /// They were more than was allowed.
    pub(super) fn take(&mut self, bytes: usize) -> Result<Option<u32>, Code> {
        self.left = u32::try_from(bytes).ok().and_then(|bytes| self.left.checked_sub(bytes)).ok_or(Code::FLOW_CONTROL)?;
        if self.left > self.size / 2 {
            return Ok(None);
        }
        let more = self.size - self.left;
        self.left = self.size;
        Ok(Some(more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_when_half_is_used_up_and_never_takes_more() {
        let mut window = Window::new(100);
        assert_eq!([49, 1, 40, 60].map(|bytes| window.take(bytes)), [Ok(None), Ok(Some(50)), Ok(None), Ok(Some(100))]);
        assert_eq!(window.take(101), Err(Code::FLOW_CONTROL));
    }
}
