"""What nobody should send, sent to everything: the APIs by their OpenAPI, and hostile lines by the million.

``python -m bench.fuzz`` (``make fuzz``): see docs/fuzzing.md.
"""
