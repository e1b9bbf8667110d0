using Bibind.Cli;

return await BibindCommand.RunAsync(args, Console.Out, Console.Error);
