Console.Error.WriteLine("Use ./run at the top of the project.");
return 2;
