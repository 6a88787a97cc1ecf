"""The web page of `ned ui`: directing by looking and dragging. Everything it does is done by the stages below it.

    settings    where data lie and how much of it there may be
    store       sessions, their files and jobs: ids in, folders out; nothing else makes paths
    uploads     a file as it arrives, checked and bounded
    document    what the page asks for ↔ options, YAML, a command line
    worker      a process beside the page's own: analysis, previews, proxies; `client` speaks to it
    scene       an analysed video: people, curves, one frame, two seconds; portrait is the same of a photograph
    job         a process for each job, which outlives the page; `jobs` starts and lists them
    guard, app  who may ask, and what is answered; `server` serves it

The page's own process imports neither NumPy nor torch: large files pass it by.
"""
