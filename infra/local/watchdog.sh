# Runs a server and ends it when the program that started this goes away, however it goes away.
# Standard input is a pipe that only that program holds: it closes when the program dies, kill -9 included.
# Arguments: log file, signal that stops the server, two folders to delete afterwards (or nothing), command of the server.
umask 077
log=$1 stop=$2 first_leftover=$3 second_leftover=$4
shift 4
exec 3<&0

# A program that only prepares the server (setpriv) becomes it, so this is the server's own process id.
"$@" </dev/null >>"$log" 2>&1 3<&- &
server=$!
# Whatever the shell has to say from now on (that the server was killed, say) belongs in the log.
exec 2>>"$log"
# The reader of our output may be dead by the time the server has stopped.
trap '' PIPE INT HUP TERM
echo "started $server"

(
  while read -r _ <&3; do :; done
  kill -s "$stop" "$server" 2>/dev/null
) &
watcher=$!

wait "$server"
code=$?
kill -s KILL "$watcher" 2>/dev/null
echo "ended $code"
# What a server leaves that ended by itself may say why: it stays until the program lets go of it.
while read -r _ <&3; do :; done
[ -z "$first_leftover" ] || rm -rf -- "$first_leftover"
[ -z "$second_leftover" ] || rm -rf -- "$second_leftover"
