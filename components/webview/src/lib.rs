pub use servo;
