return args is [Bibind.Functions.Hosts.FunctionManifest.Command, .. var rest]
    ? await Bibind.Functions.Hosts.FunctionManifest.RunAsync(rest)
    : await Bibind.Functions.FunctionsHost.RunAsync(args);
