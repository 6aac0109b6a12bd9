"""How one service reaches another."""
