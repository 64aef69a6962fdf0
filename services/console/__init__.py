"""The console: what people of the network see. It asks the other services over HTTP, and keeps nothing."""
