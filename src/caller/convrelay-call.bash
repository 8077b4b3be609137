# bash completion for convrelay-call: its commands, its options by command, and
# the names of rules.

_convrelay_call()
{
    local cur prev command options word

    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}
    command=${COMP_WORDS[1]}
    COMPREPLY=()

    case $prev in
        -s | --scenario | --record | --replay | --cacert)
            compopt -o filenames 2> /dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return
            ;;
        --color)
            mapfile -t COMPREPLY < <(compgen -W 'always never' -- "$cur")
            return
            ;;
        --rule | --skip)
            word=$("$1" check --list 2> /dev/null | sed -n 's/^  \([^ ]*\) .*/\1/p')
            mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
            return
            ;;
        -e | --say | --auth-token | --set | --pace | --timeout | --grace | \
        --drop-code | --action-delay | --fail-on | --form | --from | --to | \
        --parameter | --header | --connect-to | --public-url | --calls | \
        --rate | --turns | --think | --interrupt | --talk-over | --hangup | \
        --drop | --tokens | --seed | --tool | --silence | --filler | \
        --pronounce | --resume | --backchannel)
            return
            ;;
    esac

    options='--get --form --from --to --parameter --header --connect-to --plain
             --insecure --cacert --auth-token --public-url --timeout --say
             --json --color --quiet --help --version'

    case $command in
        load)
            options="$options --calls --rate --turns --think --interrupt
                     --talk-over --hangup --drop --reconnect --own-twiml
                     --numbered --tokens --fail-on --seed --i-own-this-server"
            ;;
        check)
            options="$options --tap --list --rule --skip --tool --silence
                     --filler --pronounce --resume --backchannel"
            ;;
        dial)
            options='--to --from --yes --get --cacert --help'
            ;;
        *)
            options="$options --scenario --set --pace --listen --grace
                     --drop-code --reconnect --action-delay --fail-on
                     --no-checks --record --replay --fast --tap"
            ;;
    esac

    case $cur in
        -*)
            mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
            ;;
        *)
            if [ "$COMP_CWORD" = 1 ]; then
                mapfile -t COMPREPLY < <(compgen -W 'check dial load' -- "$cur")
            fi
            ;;
    esac
} &&
complete -F _convrelay_call convrelay-call
