@echo off
rem Sets up a private Python environment in .venv and tells the demo. Arguments go to papercut-relay demo.
setlocal
cd /d "%~dp0.."
if exist .venv\Scripts\papercut-relay.exe goto tell
echo Setting up .venv, once, about a minute ...
py -3 -m venv .venv
if errorlevel 1 goto nopython
.venv\Scripts\python.exe -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
if errorlevel 1 exit /b 1
.venv\Scripts\python.exe -m pip install --quiet --disable-pip-version-check --no-deps -e .
if errorlevel 1 exit /b 1
:tell
.venv\Scripts\papercut-relay.exe demo %*
exit /b %errorlevel%
:nopython
echo Python 3.11 or newer is needed: install it from python.org with the py launcher. 1>&2
exit /b 2
