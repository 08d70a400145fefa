"""The local web page `avse-demo`: drop a video, choose a face, compare before and after, and try a live call."""
