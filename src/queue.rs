//! A queue: first in, first out. In two stacks, which is a quarter of the code that `VecDeque` takes for each type.

/// A queue.
#[derive(Debug)]
pub struct Queue<T> {
    /// The last ones, in order.
    back: Vec<T>,
    /// The first ones, in reverse: the very first is at the end.
    front: Vec<T>,
}

impl<T> Queue<T> {
    /// An empty queue.
    pub const fn new() -> Self {
        Self { back: Vec::new(), front: Vec::new() }
    }

    /// Adds at the end.
    pub fn push_back(&mut self, item: T) {
        self.back.push(item);
    }

    /// Adds at the beginning.
    pub fn push_front(&mut self, item: T) {
        self.front.push(item);
    }

    /// Takes out the first.
    pub fn pop_front(&mut self) -> Option<T> {
        if self.front.is_empty() {
            std::mem::swap(&mut self.front, &mut self.back);
            self.front.reverse();
        }
        self.front.pop()
    }

    /// The first.
    pub fn front(&self) -> Option<&T> {
        self.front.last().or_else(|| self.back.first())
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.front.is_empty() && self.back.is_empty()
    }

    /// Lets go of everything.
    pub fn clear(&mut self) {
        self.back.clear();
        self.front.clear();
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;

    #[test]
    fn what_comes_first_goes_first() {
        let mut queue: Queue<i32> = Queue::new();
        assert_eq!(queue.front(), None);
        assert_eq!(queue.pop_front(), None);
        queue.push_back(2);
        queue.push_back(3);
        queue.push_front(1);
        assert_eq!(queue.pop_front(), Some(1));
        assert_eq!(queue.front(), Some(&2));
        assert_eq!(queue.pop_front(), Some(2));
        queue.push_back(4);
        queue.push_front(0);
        let rest: Vec<i32> = std::iter::from_fn(|| queue.pop_front()).collect();
        assert_eq!(rest, [0, 3, 4]);
        assert!(queue.is_empty());
        queue.push_back(5);
        queue.clear();
        assert!(queue.is_empty());
    }
}
