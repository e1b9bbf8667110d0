using Bibind.Activities.Processes;
using Bibind.Functions;
using Bibind.Functions.Hosting.Azure;

NativeHeap.GiveBackLargeBuffers();
return args is [FunctionsMetadataCommand.Command, var file]
    ? await FunctionsMetadataCommand.RunAsync(file)
    : await FunctionsHost.RunAsync(() => AzureHost.Build(args));
