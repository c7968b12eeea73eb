#!/bin/sh
# Starts one of PaperCut's two programs under Jython, for servers without a Python of their own. PaperCut gives a program
# no argument to choose by, so its own name chooses: copy this file as officernd-auth and as officernd-user-source, beside
# the .py files. jython_path.txt beside it may hold the class path in one line; the default is Debian's Jython.
#
#     sh jython.sh --make-archive     makes a static class-data archive, which saves a third of the start; again after
#                                     an update of Java or Jython (one that no longer fits is passed over)
#
# The options are those measured fastest. -Xlog:disable: else Java may print a warning about the archive in front of the
# answer. LC_ALL: else arguments lose what is not ASCII.
set -eu

main() {
    folder=$(cd "$(dirname "$0")" && pwd)
    archive=$folder/jython.jsa
    class_path=/usr/share/java/jython.jar
    [ ! -f "$folder/jython_path.txt" ] || class_path=$(cat "$folder/jython_path.txt")
    java=java
    [ ! -x "${JAVA_HOME:-/none}/bin/java" ] || java=${JAVA_HOME:-}/bin/java
    LC_ALL=C.UTF-8
    export LC_ALL

    case $(basename "$0") in
    officernd-auth*)
        use_jython -XX:SharedArchiveFile="$archive" "$folder/auth_program.py" "$@"
        ;;
    officernd-user-source*)
        use_jython -XX:SharedArchiveFile="$archive" "$folder/user_source.py" "$@"
        ;;
    esac
    if [ "${1:-}" != --make-archive ]; then
        echo "Name this file officernd-auth or officernd-user-source, or call it with --make-archive." >&2
        exit 1
    fi
    classes=$(mktemp)
    trap 'rm -f "$classes"' EXIT
    # A refused login touches nearly all classes of an accepted one.
    printf 'nobody\nnothing\n' |
        (use_jython -XX:DumpLoadedClassList="$classes" "$folder/auth_program.py") >/dev/null 2>&1
    "$java" -Xlog:disable -XX:+UseSerialGC -Xshare:dump -XX:SharedClassListFile="$classes" \
        -XX:SharedArchiveFile="$archive.new" -cp "$class_path" >/dev/null 2>&1
    mv -f "$archive.new" "$archive" # whole or not at all: Java does not start with half an archive
    echo "Made $archive."
}

# use_jython OPTION SCRIPT [ARGUMENTS]: becomes Java.
use_jython() {
    option=$1
    shift
    exec "$java" -Xlog:disable -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "$option" \
        -Dpython.import.site=false -Dpython.cachedir.skip=true -Dpython.console= -Dpython.io.encoding=UTF-8 \
        -cp "$class_path" org.python.util.jython "$@"
}

main "$@"
