"""Logging in: OpenID Connect authorization code with PKCE, sessions kept here, nothing but their key in the browser."""
