using System.CommandLine;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind completion</c>: the shell asks the program itself for what may follow.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _bibind() {
          local IFS=$'\n'
          COMPREPLY=($(bibind "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null))
        }
        complete -F _bibind bibind
        """;

    private const string Zsh = """
        #compdef bibind
        _bibind() {
          local -a found
          found=(${(f)"$(bibind "[suggest:${#BUFFER}]" "$BUFFER" 2>/dev/null)"})
          compadd -a found
        }
        compdef _bibind bibind
        """;

    private const string Fish = """
        complete -f -c bibind -a '(set -l line (commandline -cp); bibind "[suggest:"(string length -- $line)"]" "$line" 2>/dev/null)'
        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName bibind -ScriptBlock {
          param($word, $line, $position)
          bibind "[suggest:$position]" "$line" 2>$null | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }
        """;

    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal) { ["bash"] = Bash, ["zsh"] = Zsh, ["fish"] = Fish, ["powershell"] = PowerShell };

    public static Command Define()
    {
        var shell = new Argument<string>("SHELL") { Description = string.Join(", ", Scripts.Keys) + "." };
        shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        return CommandBuilder.Make("completion", "Writes the completion of a shell, such as: source <(bibind completion bash)", [shell], async call =>
        {
            await call.Writer.Output.WriteLineAsync(Scripts[call.Get(shell)]);
            return ExitCodes.Done;
        });
    }
}
