"""What each shell runs when somebody presses Tab: it asks `usched`, and adds the files itself.

The command answers in the protocol of click: a line `TYPE,VALUE` for bash, the same with a tab and
its help for fish, three lines for zsh. TYPE is plain, file or dir.
"""

from __future__ import annotations

#: bash parts words at `=`: they are joined again. What it inserts is quoted, as `cpu*` has to be,
#: but within quotes.
_BASH = r"""_usched_completion() {
    local IFS=$'\n' response completion type value word count=0
    local -a words=()
    COMPREPLY=()
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if ((count > 0)) && [[ $word == = || ${words[count-1]} == --*= ||
            ${words[count-2]-} == --map && ${words[count-1]} == *= ]]; then
            words[count-1]+=$word
        else
            words[count++]=$word
        fi
    done
    response=$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((count - 1)) \
        _USCHED_COMPLETE=bash_complete "$1" 2>/dev/null)
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain)
                [[ ${COMP_WORDS[COMP_CWORD]} == *=?* ]] || value=${value##*=}
                [[ ${COMP_WORDS[COMP_CWORD]} == [\'\"]* ]] || printf -v value %q "$value"
                COMPREPLY+=("$value")
                ;;
        esac
    done <<<"$response"
}

complete -o nosort -F _usched_completion usched
"""

#: As the file `_usched` of $fpath it is a function's body, run at each Tab; else it is sourced.
_ZSH = r"""#compdef usched

_usched_completion() {
    local type key descr files=
    local -a plain described response
    (( ! $+commands[usched] )) && return 1
    response=("${(@f)$(env COMP_WORDS="${(pj:\n:)words}" COMP_CWORD=$((CURRENT-1)) \
        _USCHED_COMPLETE=zsh_complete usched 2>/dev/null)}")
    for type key descr in "${response[@]}"; do
        case $type in
            (dir|file) files=$type ;;
            (plain) [[ $descr == _ ]] && plain+=("$key") || described+=("$key:$descr") ;;
        esac
    done
    [[ -n $files ]] && compset -P '--*='
    case $files in
        (dir) _path_files -/ ;;
        (file) _path_files ;;
    esac
    (( $#described )) && _describe -V usched described
    (( $#plain )) && compadd -V usched -a plain
}

if [[ ${funcstack[1]-} == _usched ]]; then
    _usched_completion "$@"
else
    compdef _usched_completion usched
fi
"""

_FISH = r"""function _usched_completion
    set -l token (commandline -ct)
    set -l word (string unescape -- $token; or string trim -l -c '"\'' -- $token)
    set -l response (env COMP_WORDS=(commandline -cp | string collect) COMP_CWORD="$word" \
        _USCHED_COMPLETE=fish_complete usched 2>/dev/null)
    set -l option (string match -r -- '^--[^=]*=' $token; or echo '')
    set -l path (string replace -- $option '' $token)
    for completion in $response
        set -l parts (string split -m 1 , -- $completion)
        switch $parts[1]
            case dir
                printf '%s\n' $option(__fish_complete_directories $path)
            case file
                printf '%s\n' $option(__fish_complete_path $path)
            case plain
                printf '%s\n' $parts[2]
        end
    end
end

complete --no-files --keep-order --command usched --arguments "(_usched_completion)"
"""

SCRIPTS = {"bash": _BASH, "fish": _FISH, "zsh": _ZSH}
