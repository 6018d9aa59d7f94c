import { createRoot } from 'react-dom/client';
import { Console } from './app/console.tsx';
import { endSignIn } from './app/single-sign-on.ts';
import './style.css';

const root = document.getElementById('console');
await endSignIn();
if (root !== null) createRoot(root).render(<Console />);
