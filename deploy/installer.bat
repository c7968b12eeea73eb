@echo off
rem Starts the installer of the OfficeRnD relay for PaperCut. Run it as Administrator.
rem Arguments go to the installer: --dry-run, --uninstall [--purge], --proof
setlocal EnableExtensions DisableDelayedExpansion
set "FOLDER=%~dp0"
if not exist "%FOLDER%package.json" goto nopackage

rem First a Python that lies beside this file (python\python.exe, such as the embeddable package), then the launcher.
set "PYTHON=%FOLDER%python\python.exe"
if exist "%PYTHON%" goto beside
py -3 -c "import sys; sys.exit(sys.version_info < (3, 9))" >nul 2>&1
if not errorlevel 1 goto launcher
if not "%JYTHON_JAR%"=="" goto jython
echo Python 3.11 or newer was not found. Install it from python.org for all users, or unpack the 1>&2
echo embeddable package into "%FOLDER%python" and run this again. 1>&2
pause
exit /b 2

rem The Python beside this file.
:beside
"%PYTHON%" -B "%FOLDER%installer" %*
goto done

rem The newest Python that is installed for all users.
:launcher
py -3 -B "%FOLDER%installer" %*
goto done

rem The last way: PaperCut's own Java, with a jar that the operator supplies.
:jython
if "%JAVA%"=="" set "JAVA=%ProgramFiles%\PaperCut MF\runtime\jre\bin\java.exe"
set "MAIN=%FOLDER%installer\__main__.py"
"%JAVA%" -Dpython.console= -cp "%JYTHON_JAR%" org.python.util.jython "%MAIN%" --without-relay %*
goto done

rem Windows opens a ZIP like a folder, and starts this file alone out of it.
:nopackage
if exist "%FOLDER%..\pyproject.toml" goto source
echo The rest of the package is not beside this file. If this is the inside of the ZIP file: unpack all of it first 1>&2
echo (right click on the ZIP file, Extract All), then start the installer in the folder that this makes. 1>&2
if "%~1"=="" pause
exit /b 2

:source
echo This is the source. Make the package with: papercut-relay bundle --out package.zip 1>&2
exit /b 2

rem A double click leaves the window open.
:done
set "CODE=%errorlevel%"
if "%~1"=="" pause
exit /b %CODE%
