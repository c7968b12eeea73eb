@echo off
rem Sets up a private Python environment in .venv and tells the demo. Arguments go to papercut-relay demo.
rem It changes into no folder: on a share (\\server\share) cmd.exe could not, and would go on in Windows' own.
setlocal DisableDelayedExpansion
set "PROJECT=%~dp0.."
set "SCRIPTS=%PROJECT%\.venv\Scripts"
if exist "%SCRIPTS%\papercut-relay.exe" goto tell
py -3 -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>&1
if errorlevel 1 goto nopython
echo Setting up .venv, once, about a minute ...
py -3 -m venv "%PROJECT%\.venv"
if errorlevel 1 goto failed
"%SCRIPTS%\python.exe" -m pip install --quiet --disable-pip-version-check --require-hashes -r "%PROJECT%\requirements.lock"
if errorlevel 1 goto failed
"%SCRIPTS%\python.exe" -m pip install --quiet --disable-pip-version-check --no-deps -e "%PROJECT%"
if errorlevel 1 goto failed
:tell
"%SCRIPTS%\papercut-relay.exe" demo %*
exit /b %errorlevel%

rem A double click leaves the window open with what went wrong.
:failed
echo The environment could not be set up: the lines above say why. Put that right and start this again. 1>&2
if "%~1"=="" pause
exit /b 1
:nopython
echo Python 3.11 or newer is needed: install it from python.org with the py launcher. 1>&2
if "%~1"=="" pause
exit /b 2
