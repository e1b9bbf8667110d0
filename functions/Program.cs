return await Bibind.Functions.FunctionsHost.RunAsync(args);
