//! Finding symbols in bytes.

/// Symbols, byte strings each, by their beginnings: which is the longest that some bytes begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trie {
    /// The first is the root, which stands for no bytes.
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    /// The id of the symbol that ends here.
    id: Option<u32>,
    /// The next byte and its node, sorted by byte.
    children: Vec<(u8, u32)>,
}

impl Default for Trie {
    fn default() -> Self {
        Trie { nodes: vec![Node::default()] }
    }
}

impl Trie {
    /// Gives `symbol` an id, in place of one that it had.
    pub fn insert(&mut self, symbol: &[u8], id: u32) {
        let mut at = 0;
        for &byte in symbol {
            let next = self.nodes.len() as u32;
            let children = &mut self.nodes[at].children;
            at = match children.binary_search_by_key(&byte, |child| child.0) {
                Ok(found) => children[found].1 as usize,
                Err(place) => {
                    children.insert(place, (byte, next));
                    self.nodes.push(Node::default());
                    next as usize
                }
            };
        }
        self.nodes[at].id = Some(id);
    }

    /// The longest symbol that `bytes` begin with: its id and length.
    pub fn longest(&self, bytes: &[u8]) -> Option<(u32, usize)> {
        let (mut node, mut longest) = (&self.nodes[0], None);
        for (length, &byte) in (1..).zip(bytes) {
            let Ok(found) = node.children.binary_search_by_key(&byte, |child| child.0) else { break };
            node = &self.nodes[node.children[found].1 as usize];
            longest = node.id.map(|id| (id, length)).or(longest);
        }
        longest
    }

    /// The id of exactly this symbol.
    pub fn id(&self, symbol: &[u8]) -> Option<u32> {
        self.longest(symbol).filter(|(_, length)| *length == symbol.len()).map(|(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_symbol_is_found_and_shorter_ones_where_it_is_not_there() {
        let mut trie = Trie::default();
        for (id, symbol) in ["th", "the", "t", "then!"].into_iter().enumerate() {
            trie.insert(symbol.as_bytes(), id as u32);
        }
        assert_eq!(trie.longest(b"then"), Some((1, 3)));
        assert_eq!(trie.longest(b"then!"), Some((3, 5)));
        assert_eq!(trie.longest(b"thin"), Some((0, 2)));
        assert_eq!(trie.longest(b"t"), Some((2, 1)));
        assert_eq!(trie.longest(b"x"), None);
        assert_eq!((trie.id(b"the"), trie.id(b"then"), trie.id(b"")), (Some(1), None, None));
    }
}
