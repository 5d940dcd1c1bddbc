"""Worker processes: starts them, hands out jobs, notices those that die or hang, kills them."""
