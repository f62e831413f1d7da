"""The page that reads, plays and corrects a transcript: its data (`data`), and its one file (`build`).

The page itself is plain HTML, CSS and JavaScript modules in this folder; `script` joins the modules.
"""
