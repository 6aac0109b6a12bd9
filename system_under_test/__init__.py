"""The services that the suite checks: ordinary trio code that knows nothing of the suite.

`open_system` in `system.py` wires them; `ports.py` lists all that they need from outside.
"""
