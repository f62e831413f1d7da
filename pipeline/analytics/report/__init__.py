"""All calls of a folder as one HTML page: one file, without network access, that filters, groups and sorts by itself.

figures  what is measured of a call and of its agent, each with its unit and its definition
calls    one call as plain data: agents, day, columns, figures, rules, warnings
data     all calls as the page's JSON, texts written once
tables   the tables that a reader without JavaScript sees
build    the file: HTML, style, script and data, and the Content-Security-Policy that allows nothing else

The page itself is ``report.html``, ``report.css`` and the modules ``*.js``, of which ``main.js`` starts it.
"""
